"""The accuracy of each label, and the labels that the model does not cover."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from imagelake.reports import numbers
from imagelake.reports.charts.intervals import Share, interval_chart
from imagelake.reports.names import clean_name, words
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section

CHART_LABELS, OPEN = 24, 12


def accuracy(rows: ReportRows) -> Section:
    """Top-1 and top-5 of each label with intervals; labels that no class means are listed, not measured."""
    found, folders = _in_order(rows), rows.records("class_folders")
    measured = [row for row in found if _is_measured(row)]
    unmeasured = [row for row in found if not _is_measured(row)]
    overall = next(iter(rows.records("overall_accuracy")), {})
    values = {
        "measured": measured,
        "unmeasured": unmeasured,
        "open": OPEN,
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


def label_anchors(rows: ReportRows) -> dict[str, str]:
    """Label -> the anchor of its row of the table of this section."""
    return {row["label"]: row["anchor"] for row in _in_order(rows)}


def _in_order(rows: ReportRows) -> list[dict[str, Any]]:
    """The rows of label_accuracy with their anchors: measured ones by top-1, the best first, then the others."""
    found = [_described(row) for row in rows.records("label_accuracy")]
    found.sort(key=lambda row: (-row["top1"], -row["images"], row["name"]) if _is_measured(row) else (1, 0, ""))
    return [{**row, "anchor": f"label-{number}"} for number, row in enumerate(found, 1)]


def _is_measured(row: dict[str, Any]) -> bool:
    return bool(row["covered"] and row["images"])


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
        Share(row["name"], row["top1"], row["top1_low"], row["top1_high"], numbers.percent(row["top1"]),
              f"#{row['anchor']}")
        for row in measured
    ]  # fmt: skip
    best, worst = shares[0], shares[-1]
    description = f"From {best.text} for {best.name} to {worst.text} for {worst.name}."
    return interval_chart(shares, "accuracy", "Top-1 accuracy by label with intervals", description)
