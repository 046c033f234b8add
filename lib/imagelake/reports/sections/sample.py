"""The balanced sample: how many images each stage leaves of every label and keyword."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from imagelake.reports import numbers
from imagelake.reports.charts.bars import Bar, bar_chart
from imagelake.reports.names import clean_name
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section

STAGES = {
    "images": "found",
    "decoded": "decoded",
    "distinct": "no exact duplicates",
    "unreferenced": "in no reference",
    "dissimilar": "no near duplicates",
    "judged": "after verdicts",
    "taken": "sampled",
}


def sample(rows: ReportRows) -> Section:
    """The plot of all labels together, the table of labels, and that of keywords."""
    labels = [_named(row) for row in rows.records("sample_labels")]
    keywords = [_named(row) for row in rows.records("sample_keywords") if row["keyword"]]
    values = {
        "chart": _chart(rows.records("sample_stages")[0]) if rows.records("sample_stages") else None,
        "stages": list(STAGES.values()),
        "names": list(STAGES),
        "labels": labels,
        "keywords": keywords,
    }
    absent = None if labels else "No sample has been selected: the table sample_counts is absent or empty."
    return Section("sample", "From candidates to the sample", values, absent)


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, **{name: clean_name(row[name]) for name in ("label", "keyword") if name in row}}


def _chart(total: dict[str, Any]) -> Markup:
    counts = [(title, total[name] or 0) for name, title in STAGES.items()]
    most = max(count for _, count in counts)
    bars = [Bar(title, most, count, numbers.whole(count)) for title, count in counts]
    description = ", ".join(f"{bar.name} {bar.text}" for bar in bars)
    return bar_chart(bars, "sample-stages", "Images left after each stage", f"{description}.")
