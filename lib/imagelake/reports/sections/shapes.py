"""How large images are, and in which formats."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from markupsafe import Markup

from imagelake.reports import numbers
from imagelake.reports.charts.columns import Columns, column_chart
from imagelake.reports.charts.style import SERIES
from imagelake.reports.names import clean_name
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section

OTHERS = "others"


def shapes(rows: ReportRows) -> Section:
    """Images by size class and format."""
    found = rows.records("image_shapes")
    formats = _formats(found)
    series = _series(found, [row["name"] for row in formats])
    values = {"chart": _chart(found, series) if found else None, "charted": list(series), "formats": formats}
    absent = None if found else "No image has bytes: the table image_shapes is absent or empty."
    return Section("shapes", "Image sizes and formats", values, absent)


def _steps(shapes: list[dict[str, Any]]) -> list[str]:
    return sorted({row["size_class"] for row in shapes}, key=_first_pixel)


def _series(shapes: list[dict[str, Any]], names: list[str]) -> dict[str, list[float]]:
    """Format -> images in each size class; the rarest together if there are more formats than colours."""
    shown = names if len(names) <= len(SERIES) else [*names[: len(SERIES) - 1], OTHERS]
    steps = _steps(shapes)
    series = {name: [0.0] * len(steps) for name in shown}
    for row in shapes:
        name = clean_name(row["format"])
        series[name if name in series else OTHERS][steps.index(row["size_class"])] += row["images"]
    return series


def _chart(shapes: list[dict[str, Any]], series: dict[str, list[float]]) -> Markup:
    steps = list(map(_last_pixel, _steps(shapes)))
    columns = Columns(steps, series, "longer side: up to so many pixels", numbers.compact)
    images = sum(row["images"] for row in shapes)
    description = f"{numbers.plural(images, 'image')}; formats: {', '.join(series)}."
    return column_chart(columns, "shapes", "Images by longer side and format", description, stacked=True)


def _first_pixel(size_class: str) -> tuple[bool, int]:
    found = re.match(r"\d+", size_class)
    return (size_class == "unknown", int(found[0]) if found else 0)


def _last_pixel(size_class: str) -> str:
    found = re.search(r"\d+$", size_class)
    return numbers.whole(int(found[0])) if found else size_class


def _formats(shapes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row a format, most images first: images, bytes and the mean size, over those whose size is known."""
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in shapes:
        groups[clean_name(row["format"])].append(row)
    total = sum(row["images"] for row in shapes)
    formats = [{"name": name, **_format(group, total)} for name, group in groups.items()]
    return sorted(formats, key=lambda row: (-row["images"], row["name"]))


def _format(group: list[dict[str, Any]], total: int) -> dict[str, Any]:
    images, size = sum(row["images"] for row in group), sum(row["bytes"] for row in group)
    sized = [row for row in group if row["mean_width"] is not None]
    weight = sum(row["images"] for row in sized)
    width, height = (
        numbers.share_of(sum(row["images"] * row[name] for row in sized), weight)
        for name in ("mean_width", "mean_height")
    )
    mean_bytes = numbers.share_of(size, images)
    return {"images": images, "share": images / total, "mean_bytes": mean_bytes, "width": width, "height": height}
