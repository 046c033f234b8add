"""How a number of the report came about: where it stands, which runs made that, from what, and the command to ask."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from imagelake.reports.names import clean_name
from imagelake.reports.rows import ReportRows

COMMAND = "imagelake trace"
_INPUTS = 6


@dataclass(frozen=True)
class Made:
    """A table, and the run that wrote it: its job, its id, and what it read, the first few by name."""

    table: str
    job: str
    run_id: str
    inputs: tuple[str, ...]
    more: int


@dataclass(frozen=True)
class How:
    """How a number came about.

    Attributes:
        said: what it is of its tables, e.g. the sum of a column.
        made: the tables that it was read from.
        command: traces it, or the first of these tables, to the files of the source.
    """

    said: str
    made: tuple[Made, ...]
    command: str


def how(rows: ReportRows, said: str, tables: Sequence[str], command: Sequence[str] = ()) -> How | None:
    """How a number came about; None where none of its tables is published.

    Args:
        rows: of the report.
        said: what it is of its tables.
        tables: that it was read from; those that are not published are left out.
        command: the words after the command's name; by default the first table.
    """
    made = tuple(_made(rows, table) for table in tables if table in rows.manifests)
    if not made:
        return None
    words = [clean_name(word) for word in command or (made[0].table,)]
    return How(said, made, f"{COMMAND} {shlex.join(words)}")


def input_name(name: str) -> str:
    """A table's name, or the last part of a path: the report may be read by people who should not know the machine."""
    return clean_name(name.rstrip("/").rpartition("/")[2])


def _made(rows: ReportRows, table: str) -> Made:
    manifest = rows.manifests[table]
    inputs = sorted(map(input_name, manifest["inputs"]))
    return Made(
        clean_name(table),
        clean_name(manifest["job"]),
        clean_name(manifest["run_id"]),
        tuple(inputs[:_INPUTS]),
        max(0, len(inputs) - _INPUTS),
    )
