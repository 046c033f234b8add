"""Confusions of the model, the most frequent first."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from imagelake.reports.names import clean_name
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section

OPEN, LISTED = 4, 200


def confusions(rows: ReportRows) -> Section:
    """Pairs of true and predicted label, with the errors of highest score as examples."""
    all_images: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in rows.records("confusion_images"):
        all_images[row["label"], row["predicted"]].append(clean_name(row["image_id"]))
    found = [
        {**_described(row, rows), "all": all_images[row["label"], row["predicted"]][:LISTED]}
        for row in rows.records("confusion")
    ]
    absent = (
        None if found else "No covered label was taken for another: the table confusion is absent or has no such row."
    )
    values = {"confusions": found, "csv": bool(all_images), "open": OPEN}
    return Section("confusions", "Worst confusions", values, absent)


def _described(row: dict[str, Any], rows: ReportRows) -> dict[str, Any]:
    examples = [
        {"image_id": clean_name(image_id), "uri": rows.thumbnail(image_id)} for image_id in row["examples"] or []
    ]
    return {**row, "label": clean_name(row["label"]), "predicted": clean_name(row["predicted"]), "examples": examples}
