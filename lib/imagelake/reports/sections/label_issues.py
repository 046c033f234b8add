"""The labels that are probably wrong, the most suspicious first."""

from __future__ import annotations

from typing import Any

from imagelake.reports import numbers
from imagelake.reports.names import clean_name, said_label, words
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section

OPEN = 12  # pictures that are open; the others unfold


def label_issues(rows: ReportRows) -> Section:
    """A gallery of issues with what the label would be, and what to do about them."""
    issues = [_described(row, rows) for row in rows.records("label_issues")]
    values = {"issues": issues, "total": rows.total("label_issues"), "open": OPEN}
    return Section("label_issues", "Labels that are probably wrong", values, None if issues else _absence(rows))


def _absence(rows: ReportRows) -> str:
    if "label_issues" in rows.manifests:
        return "No label is probably wrong, as far as the trained head can tell."
    return "Nobody has looked for wrong labels yet: run train_classifier, then find_label_issues."


def _described(row: dict[str, Any], rows: ReportRows) -> dict[str, Any]:
    known = row["wrong"] is not None
    likely = f"{numbers.percent(row['wrong'])} of {numbers.whole(row['reviewed'])} like it were wrong" if known else ""
    return {
        "rank": row["rank"],
        "label": clean_name(said_label(row["label"], row["present"])),
        "suggested": clean_name(row["suggested"]),
        "score": numbers.percent(row["score"]),
        "suggested_score": numbers.percent(row["suggested_score"]),
        "reason": words(row["reason"]),
        "verdict": clean_name(row["verdict"]) if row["verdict"] else None,
        "likely": likely,
        "image_id": clean_name(row["image_id"]),
        "uri": rows.thumbnail(row["image_id"]),
    }
