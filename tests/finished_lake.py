"""A lake on which every step of the pipeline has run, read as its user reads it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
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

    def frame(self, table: str, columns: Iterable[str] | None = None) -> pd.DataFrame:
        """A published table with pandas."""
        return pd.read_parquet(self.folder / table, columns=list(columns) if columns else None)
