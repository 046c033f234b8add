"""A lake on which every step of the pipeline has run, read as its user reads it."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from imagelake.config import Config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Outcome


@dataclass(frozen=True)
class FinishedLake:
    """The lake, what was asked for and how each step ended."""

    lake: Lake
    config: Config
    outcomes: dict[str, Outcome]

    @property
    def folder(self) -> Path:
        """The lake's local folder."""
        return Path(self.lake.root.removeprefix("file://"))

    def copied(self, folder: Path) -> FinishedLake:
        """A copy of the lake in a folder that is not there yet, for tests that publish something of their own."""
        lake = Lake(self.lake.spark, str(shutil.copytree(self.folder, folder)))
        section = self.config.lake.model_copy(update={"root": lake.root})
        return replace(self, lake=lake, config=self.config.model_copy(update={"lake": section}))

    def frame(self, table: str, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """A published table with pandas."""
        return pd.read_parquet(self.folder / table, columns=list(columns) if columns else None)
