"""Tracing: for each section with a table, the command that traces a number of it to the files of the source."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from imagelake.reports.how import How, how
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section


@dataclass(frozen=True)
class _Number:
    """Where the numbers of a section stand.

    Attributes:
        section: its anchor.
        of: what they are of, in words, e.g. the images of a label.
        table: in the lake.
        frame: of the report, whose first row is the example.
        key: the columns that name a row.
        column: the number.
    """

    section: str
    of: str
    table: str
    frame: str
    key: tuple[str, ...]
    column: str


_NUMBERS = (
    _Number("labels", "the images of a label", "label_counts", "top_labels", ("label",), "images"),
    _Number("splits", "a split", "split_summary", "split_summary", ("split",), "images"),
    _Number("shapes", "a format", "image_shapes", "image_shapes", ("split", "format", "size_class"), "images"),
    _Number("completeness", "empty cells", "null_counts", "null_counts", ("table_name", "column_name"), "nulls"),
    _Number("accuracy", "the accuracy of a label", "label_accuracy", "label_accuracy", ("label",), "top1"),
    _Number("confusions", "a confusion", "confusion", "confusion", ("label", "predicted"), "images"),
    _Number("gallery", "the rank of an image", "image_rank", "gallery", ("image_id",), "rank"),
    _Number("duplicates", "duplicates", "duplicate_counts", "duplicate_counts", ("split", "label"), "in_groups"),
    _Number("sample", "a sample", "sample_counts", "sample_keywords", ("label", "keyword"), "taken"),
    _Number("search", "a similarity", "search_results", "search_results", ("query", "mode", "rank"), "similarity"),
)


def tracing(rows: ReportRows) -> Section:
    """One command a section, for a row that the section shows."""
    found = _found(rows)
    shown = [{"section": number.section, "of": number.of, "command": explained.command} for number, explained in found]
    absent = None if shown else "No table has been published whose numbers could be traced."
    return Section("tracing", "Trace a number", {"commands": shown}, absent)


def section_hows(rows: ReportRows) -> dict[str, How]:
    """Section -> how its numbers came about, with the command for one of them."""
    return {number.section: explained for number, explained in _found(rows)}


def _found(rows: ReportRows) -> list[tuple[_Number, How]]:
    """The numbers of sections that show a row."""
    found = []
    for number in _NUMBERS:
        records = rows.records(number.frame)
        if records and number.table in rows.manifests:
            said = f"Read from the table {number.table}; the command traces {number.of}."
            explained = how(rows, said, (number.table,), _command(number, records[0]))
            found += [(number, explained)] if explained else []
    return found


def _command(number: _Number, record: dict[str, Any]) -> list[str]:
    words = [f"{column}={'null' if record[column] is None else record[column]}" for column in number.key]
    return [number.table, *words, f"column={number.column}"]
