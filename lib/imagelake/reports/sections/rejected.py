"""Every row that was dropped, by reason."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from imagelake.reports.names import words
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section


def rejected(rows: ReportRows) -> Section:
    """One table a source of rows, the most frequent reason first."""
    found = sorted(rows.records("rejected"), key=lambda row: (row["table_name"], -row["rows"], row["reason"] or ""))
    groups = [_group(name, list(group)) for name, group in groupby(found, key=lambda row: str(row["table_name"]))]
    absent = None if groups else "No row was rejected: every table of rejected rows is absent or empty."
    return Section("rejected", "Rejected rows", {"groups": groups}, absent)


def _group(name: str, reasons: list[dict[str, Any]]) -> dict[str, Any]:
    total = sum(row["rows"] for row in reasons)
    lines = [{"reason": words(row["reason"]), "rows": row["rows"], "share": row["rows"] / total} for row in reasons]
    return {"name": words(name), "total": total, "reasons": lines}
