"""Missing data: null cells, images without labels, labels without images."""

from __future__ import annotations

from collections import Counter
from typing import Any

from imagelake.reports import numbers
from imagelake.reports.names import clean_name
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section


def completeness(rows: ReportRows) -> Section:
    """The columns with nulls, and the number of those without."""
    columns = rows.records("null_counts")
    values = {
        "columns": [_described(row) for row in columns if row["nulls"]],
        "full": _full(columns),
        "images_without_label": rows.total("images_without_label"),
        "labels_without_image": rows.total("labels_without_image"),
    }
    absent = None if columns else "Nulls have not been counted: the table null_counts is absent or empty."
    return Section("completeness", "Completeness", values, absent)


def _described(column: dict[str, Any]) -> dict[str, Any]:
    share = numbers.share_of(column["nulls"], column["rows"])
    names = {name: clean_name(column[name]) for name in ("table_name", "column_name")}
    return {**column, **names, "share": share}


def _full(columns: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Tables with their number of columns that have no null."""
    return sorted(Counter(clean_name(row["table_name"]) for row in columns if not row["nulls"]).items())
