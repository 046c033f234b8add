"""What a trace has found."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from imagelake.lake.manifest import Part
from imagelake.lake.row_lookup import Condition, FoundRows
from imagelake.lake.traced_runs import TracedRun
from imagelake.tables import Column


@dataclass(frozen=True)
class FileHash:
    """A file with its SHA-256 in hex, or why there is none."""

    name: str
    bytes: int
    sha256: str


@dataclass(frozen=True)
class ImageFile:
    """The file of the image that a row names.

    Attributes:
        image_id: of the image.
        path: its address, or that of the Parquet file that holds it; None where it was listed without bytes.
        bytes: of the image.
        sha256: of them, as they were ingested.
        current: whether table images still is the one that the row was made of.
        verdict: whether the file is what was read; None where nobody looked.
    """

    image_id: str
    path: str | None
    bytes: int | None
    sha256: str | None
    current: bool
    verdict: str | None


@dataclass(frozen=True)
class Trace:
    """Where a row, a number of it, or a whole table comes from.

    Attributes:
        table: its name.
        conditions: that name the row.
        column: of the number; None for the whole row.
        rows: that meet the conditions; None for the whole table.
        made_by: the runs that it was made by.
        image: that the row names; None where it names none.
        network: the files of the network, and of its weights.
        verdicts: a file of the source -> whether it is what was read; empty where nobody looked.
    """

    table: str
    conditions: tuple[Condition, ...]
    column: Column | None
    rows: FoundRows | None
    made_by: TracedRun
    image: ImageFile | None
    network: tuple[FileHash, ...]
    verdicts: Mapping[Part, str]

    @property
    def changed(self) -> bool:
        """Whether a file of the source was looked at and is not what was read."""
        looked = [*self.verdicts.values(), *([self.image.verdict] if self.image and self.image.verdict else [])]
        return any(verdict.startswith(("CHANGED", "cannot be read")) for verdict in looked)
