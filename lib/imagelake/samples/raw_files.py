"""Rows of the raw files, each with the fate that was planned for it, and how they are written and counted."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

KEPT = "kept"

# A row has the first reason that applies, in this order. The first group depends on the row alone.
INGEST_REASONS: tuple[str, ...] = (
    "malformed_row",
    "missing_image_id",
    "duplicate_image_id",
    "missing_label",
    "missing_confidence",
    "confidence_not_a_number",
    "confidence_out_of_range",
    "missing_coordinate",
    "coordinate_not_a_number",
    "coordinate_out_of_range",
    "empty_box",
)
# The second group depends on classes, images and the other label rows.
CLEAN_REASONS: tuple[str, ...] = ("unknown_class", "unknown_image", "contradictory", "low_confidence", "duplicate")


@dataclass(frozen=True, slots=True)
class RawRow:
    """One row of a raw file and its fate: ``KEPT``, or one of the reasons above."""

    cells: tuple[str, ...]
    fate: str = KEPT

    @property
    def ingested(self) -> bool:
        """The row survives reading, though cleaning may still reject it."""
        return self.fate not in INGEST_REASONS


@dataclass(frozen=True, slots=True)
class FileFact:
    """The counts of one raw file.

    Attributes:
        rows: data rows, without the header.
        ingested: rows that survive reading.
        rejected: rows that do not, by reason.
        null_cells: empty cells by column, over all rows with the right number of cells; columns without any are left
            out.
        ingested_null_cells: the same over the ingested rows.
    """

    rows: int
    ingested: int
    rejected: dict[str, int]
    null_cells: dict[str, int]
    ingested_null_cells: dict[str, int]


@dataclass(slots=True)
class RawFile:
    """A CSV file to write: its columns, whether it has a header, and its rows."""

    name: str
    columns: tuple[str, ...]
    header: bool = True
    rows: list[RawRow] = field(default_factory=list)

    def write(self, folder: Path) -> None:
        """Write the file into a folder, quoted as RFC 4180 has it, with line feeds."""
        with (folder / self.name).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            if self.header:
                writer.writerow(self.columns)
            writer.writerows(row.cells for row in self.rows)

    def fact(self) -> FileFact:
        """The counts of this file."""
        ingested = [row for row in self.rows if row.ingested]
        rejected = Counter(row.fate for row in self.rows if not row.ingested)
        return FileFact(
            len(self.rows), len(ingested), dict(rejected), self._null_cells(self.rows), self._null_cells(ingested)
        )

    def _null_cells(self, rows: list[RawRow]) -> dict[str, int]:
        whole = (zip(self.columns, row.cells, strict=True) for row in rows if len(row.cells) == len(self.columns))
        return dict(Counter(name for cells in whole for name, cell in cells if not cell))
