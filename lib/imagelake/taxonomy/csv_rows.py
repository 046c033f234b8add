"""Small CSV files of conf/ and of users: rows with line numbers, and errors that name file and line."""

from __future__ import annotations

import csv
import difflib
import io
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NoReturn

from imagelake.errors import ImageLakeError


@dataclass(frozen=True)
class Row:
    """One line of a CSV file: its position and its cells, stripped of blanks."""

    source: str
    line: int
    cells: dict[str, str]

    def __getitem__(self, column: str) -> str:
        return self.cells[column]

    def fail(self, message: str) -> NoReturn:
        """Raise the error for this line.

        Raises:
            ImageLakeError: always.
        """
        raise ImageLakeError(f"{self.source} line {self.line}: {message}")


def read_rows(text: str, source: str, columns: Sequence[str]) -> list[Row]:
    """The rows of a CSV text with a header line; blank lines are skipped, other columns ignored.

    Args:
        text: the file's content; a byte order mark is allowed.
        source: the file's name, for errors.
        columns: the columns that must be there.

    Raises:
        ImageLakeError: a column is missing, a line has another number of cells than the header, or it is no CSV.
    """
    reader = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        header = [cell.strip() for cell in next(reader, [])]
        _check_header(header, source, columns)
        return list(_rows(reader, source, header))
    except csv.Error as error:
        raise ImageLakeError(f"{source} line {reader.line_num}: not CSV: {error}") from None


def nearest(value: str, choices: Iterable[str], limit: int = 3) -> str:
    """The end of an error message: the valid values most similar to a value, or some of them if none is similar."""
    known = sorted(set(choices))
    by_lower = {choice.lower(): choice for choice in known}
    near = [by_lower[match] for match in difflib.get_close_matches(value.lower(), by_lower, n=limit, cutoff=0.6)]
    if near:
        return f"nearest of the {len(known)} known: {', '.join(map(repr, near))}"
    shown = ", ".join(map(repr, known[:limit]))
    return f"the {len(known)} known are {shown}{', ...' if len(known) > limit else ''}"


def _check_header(header: list[str], source: str, columns: Sequence[str]) -> None:
    missing = [column for column in columns if column not in header]
    if missing:
        wanted = ",".join(columns)
        raise ImageLakeError(f"{source} line 1: no column {', '.join(missing)} in {header}; the header is {wanted}")


def _rows(reader: Iterable[list[str]], source: str, header: list[str]) -> Iterator[Row]:
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        row = Row(source, getattr(reader, "line_num", 0), dict(zip(header, (c.strip() for c in cells), strict=False)))
        if len(cells) != len(header):
            row.fail(f"{len(cells)} cells, the header has {len(header)}: {','.join(cells)!r}")
        yield row
