"""Rejected rows by reason."""

from __future__ import annotations

from typing import Any

from imagelake.reports.names import words
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import OPEN, Section

_TITLES = {
    "labels_rejected": "Labels dropped by cleaning",
    "annotations_rejected": "Annotation lines that could not be typed",
    "images_rejected": "Image lines and files that became no image",
    "images": "Images whose bytes cannot be read",
    "predictions": "Images that could not be read or scored",
}


def rejected(rows: ReportRows) -> Section:
    """One table a source of rows, the most frequent reason first."""
    found = rows.records("rejected")
    # Scoring reads every image that has bytes: whose header cannot be read is among its failures, and counts once.
    if "predictions" in rows.manifests:
        found = [row for row in found if row["table_name"] != "images"]
    groups = [
        _group(title, [row for row in found if row["table_name"] == name])
        for name, title in _TITLES.items()
        if any(row["table_name"] == name for row in found)
    ]
    absent = None if groups else "No row was rejected: every table of rejected rows is absent or empty."
    return Section("rejected", "Rejected rows", {"groups": groups, "open": OPEN}, absent)


def _group(title: str, reasons: list[dict[str, Any]]) -> dict[str, Any]:
    total = sum(row["rows"] for row in reasons)
    lines = [{"reason": _reason(row), "rows": row["rows"], "share": row["rows"] / total} for row in reasons]
    lines.sort(key=lambda line: (-line["rows"], line["reason"]))
    return {"title": title, "total": total, "reasons": lines}


def _reason(row: dict[str, Any]) -> str:
    return words(f"{row['bound_for']}: {row['reason']}" if row["bound_for"] else row["reason"])
