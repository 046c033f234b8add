"""The most frequent labels, and the categories of the hierarchy."""

from __future__ import annotations

from typing import Any

from markupsafe import Markup

from imagelake.reports import numbers
from imagelake.reports.charts.bars import Bar, bar_chart
from imagelake.reports.names import clean_name
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section
from imagelake.reports.sections.accuracy import label_anchors

SUBCATEGORIES = 5


def labels(rows: ReportRows) -> Section:
    """The plot of the most frequent labels, and the categories with their rolled-up counts."""
    top, categories = rows.records("top_labels"), _categories(rows.records("facets"))
    absent = None if top or categories else "No label occurs: the tables label_counts and facets are absent or empty."
    values = {
        "chart": _chart(top, label_anchors(rows)) if top else None,
        "shown": len(top),
        "categories": [category for category in categories if category["images"] or category["boxes"]],
        "empty": [category["name"] for category in categories if not category["images"] and not category["boxes"]],
        "strangers": rows.total("labels_without_image"),
    }
    return Section("labels", "Labels", values, absent)


def _chart(top: list[dict[str, Any]], anchors: dict[str, str]) -> Markup:
    bars = [
        Bar(
            name=_name(row),
            value=row["rows"],
            filled=min(row["confident_images"], row["rows"]),
            text=numbers.whole(row["rows"]),
            tip=f"{_name(row)}: {numbers.whole(row['rows'])} rows, {numbers.whole(row['confident_images'])} confident",
            href=f"#{anchors[row['label']]}" if row["label"] in anchors else None,
        )
        for row in top
    ]
    first = f"{_name(top[0])} is the most frequent with {numbers.plural(top[0]['rows'], 'label row')}"
    return bar_chart(bars, "top-labels", f"The {numbers.plural(len(top), 'most frequent label')}", f"{first}.")


def _name(row: dict[str, Any]) -> str:
    return clean_name(row["label"] or row["label_id"])


def _categories(facets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The nodes just below the root, most images first, each with its largest sub-categories."""
    categories = _largest([row for row in facets if row["depth"] == 1])
    most = max((row["images"] for row in categories), default=0)
    return [_described(category, most) | _below(category, facets, most) for category in categories]


def _below(category: dict[str, Any], facets: list[dict[str, Any]], most: int) -> dict[str, Any]:
    name = category["category"]
    inside = [row for row in facets if row["category"] == name and row["depth"] == 2 and row["images"] + row["boxes"]]
    shown = _largest(inside)[:SUBCATEGORIES]
    return {"subcategories": [_described(row, most) for row in shown], "more": len(inside) - len(shown)}


def _largest(facets: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(facets, key=lambda row: (-row["images"], -row["boxes"], _name(row)))


def _described(row: dict[str, Any], most: int) -> dict[str, Any]:
    return {**row, "name": _name(row), "bar": numbers.share_of(row["images"], most) or 0.0}
