"""Missing data: null cells, images without labels, labels without images."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

from imagelake.reports import numbers
from imagelake.reports.names import clean_name
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import OPEN, Section


def completeness(rows: ReportRows) -> Section:
    """The columns with nulls, and the number of those without."""
    columns = rows.records("null_counts")
    values = {
        "open": OPEN,
        "columns": [_described(row) for row in columns if 0 < row["nulls"] < row["rows"] and _matters(row)],
        "never": _never_given(columns),
        "full": _full(columns),
        "images": rows.total("images"),
        "images_without_label": rows.total("images_without_label"),
        "labels_without_image": rows.total("labels_without_image"),
    }
    absent = None if columns else "Nulls have not been counted: the table null_counts is absent or empty."
    return Section("completeness", "Completeness", values, absent)


def _matters(column: dict[str, Any]) -> bool:
    """Whether a null is a gap: one of an error says that there was none."""
    return column["column_name"] not in ("error", "error_detail")


def _never_given(columns: list[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Tables with their columns that hold nothing at all: the source does not have them."""
    empty: dict[str, list[str]] = defaultdict(list)
    for row in columns:
        if row["rows"] and row["nulls"] == row["rows"] and _matters(row):
            empty[clean_name(row["table_name"])].append(clean_name(row["column_name"]))
    return sorted(empty.items())


def _described(column: dict[str, Any]) -> dict[str, Any]:
    share = numbers.share_of(column["nulls"], column["rows"])
    names = {name: clean_name(column[name]) for name in ("table_name", "column_name")}
    return {**column, **names, "share": share}


def _full(columns: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Tables with their number of columns that have no null."""
    full = (row for row in columns if not row["nulls"] and _matters(row))
    return sorted(Counter(clean_name(row["table_name"]) for row in full).items())
