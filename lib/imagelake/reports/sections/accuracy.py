"""The accuracy of each label, and the labels that the model does not cover."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from imagelake.reports import numbers
from imagelake.reports.charts.intervals import Share, interval_chart
from imagelake.reports.names import clean_name, words
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section

CHART_LABELS = 40


def accuracy(rows: ReportRows) -> Section:
    """Top-1 and top-5 of each label with intervals; labels that no class means are listed, not measured."""
    found, folders = rows.records("label_accuracy"), rows.records("class_folders")
    measured = [_described(row) for row in found if row["covered"] and row["images"]]
    measured.sort(key=lambda row: (-row["top1"], -row["images"], row["name"]))
    overall = next(iter(rows.records("overall_accuracy")), {})
    values = {
        "measured": measured,
        "unmeasured": [_described(row) for row in found if not (row["covered"] and row["images"])],
        "chart": _chart(measured[:CHART_LABELS]) if measured else None,
        "charted": min(len(measured), CHART_LABELS),
        "level": overall.get("level"),
        "total": rows.total("label_accuracy"),
        "shown": len(found),
        "ambiguous": {row["label"] for row in folders if row["outcome"] == "ambiguous"},
        "folders": [_matched(row) for row in folders],
        "all_folders": rows.total("class_folders"),
    }
    absent = None if found else "No label has been measured: the table label_accuracy is absent or empty."
    return Section("accuracy", "Accuracy by label", values, absent)


def _described(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "name": clean_name(row["label"]), "classes": ", ".join(map(clean_name, row["classes"] or []))}


def _matched(row: dict[str, Any]) -> dict[str, Any]:
    """A folder with what its name matched, in words."""
    texts = {"covered": ", ".join(row["classes"]), "ambiguous": f"ambiguous: {' or '.join(row['choices'])}"}
    matched = texts.get(row["outcome"], words(row["outcome"]))
    return {
        **row,
        "folder": clean_name(row["folder"]),
        "name": clean_name(row["label"]),
        "matched": clean_name(matched),
    }


def _chart(measured: list[dict[str, Any]]) -> Markup:
    shares = [
        Share(row["name"], row["top1"], row["top1_low"], row["top1_high"], numbers.percent(row["top1"]))
        for row in measured
    ]
    best, worst = shares[0], shares[-1]
    description = f"From {best.text} for {best.name} to {worst.text} for {worst.name}."
    return interval_chart(shares, "accuracy", "Top-1 accuracy by label with intervals", description)
