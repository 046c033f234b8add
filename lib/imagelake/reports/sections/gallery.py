"""The best images by the configured measure."""

from __future__ import annotations

from typing import Any

from imagelake.reports import numbers
from imagelake.reports.names import clean_name, listed, words
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section

LABELS, OPEN = 3, 12


def gallery(rows: ReportRows) -> Section:
    """Thumbnails in the order of their rank."""
    images = [_described(row, rows) for row in rows.records("gallery")]
    measure = rows.records("gallery")[0]["measure"] if images else None
    absent = None if images else "No image has been ranked: the table image_rank is absent or empty."
    values = {"images": images, "measure": _measure_name(measure), "by_ppi": measure == "ppi", "open": OPEN}
    return Section("gallery", "Best images", values, absent)


def _measure_name(measure: str | None) -> str:
    return "PPI" if measure == "ppi" else words(measure or "")


def _described(row: dict[str, Any], rows: ReportRows) -> dict[str, Any]:
    return {
        "rank": row["rank"],
        "labels": listed(row["labels"] or [], LABELS) or "no clean label",
        "image_id": clean_name(row["image_id"]),
        "split": clean_name(row["split"]),
        "ppi": numbers.decimal(row["ppi"]),
        "value": numbers.decimal(row["value"], 2),
        "uri": rows.thumbnail(row["image_id"]),
    }
