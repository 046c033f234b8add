"""The splits compared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from markupsafe import Markup

from imagelake.reports import numbers
from imagelake.reports.charts.bars import Bar, bar_chart
from imagelake.reports.charts.columns import Columns, column_chart
from imagelake.reports.charts.style import SERIES
from imagelake.reports.names import clean_name
from imagelake.reports.rows import ReportRows
from imagelake.reports.section import Section

_ORDER = {"train": 0, "validation": 1, "test": 2}
_STEPS = ((0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 5), (6, 10), (11, 20), (21, None))
_LINES: tuple[tuple[str, str, Callable[[float | None], str]], ...] = (
    ("Images", "images", numbers.whole),
    ("with bytes", "images_with_bytes", numbers.whole),
    ("with a box", "boxed_images", numbers.whole),
    ("with a label", "labelled_images", numbers.whole),
    ("with a confident label", "confident_images", numbers.whole),
    ("share of all", "confident_ratio", numbers.percent),
    ("Label rows", "label_rows", numbers.whole),
    ("different labels", "labels", numbers.whole),
    ("lowest confidence", "min_confidence", partial(numbers.decimal, digits=3)),
    ("mean confidence", "mean_confidence", partial(numbers.decimal, digits=3)),
    ("highest confidence", "max_confidence", partial(numbers.decimal, digits=3)),
    ("Boxes", "boxes", numbers.whole),
    ("around a drawing", "depictions", numbers.whole),
)


def splits(rows: ReportRows) -> Section:
    """The numbers of each split, the share of images with a confident label, and the boxes an image."""
    found = sorted(rows.records("split_summary"), key=lambda row: (_ORDER.get(row["split"], 3), row["split"] or ""))
    boxes = rows.records("boxes_per_image")
    shares = _shares_by_boxes(boxes, [row["split"] for row in found])
    imaged = [row for row in found if row["images"]]
    values = {
        "splits": [clean_name(row["split"]) for row in found],
        "lines": [(title, [text(row[name]) for row in found]) for title, name, text in _LINES],
        "confident_chart": _confident_chart(imaged) if imaged else None,
        "boxes_chart": _boxes_chart(shares) if shares and any(row["boxes"] for row in boxes) else None,
        "boxed_splits": list(map(clean_name, shares)),
        "unlisted": sum(row["images"] for row in boxes) > sum(row["images"] for row in found),
    }
    absent = None if found else "There is no split to show: the table split_summary is absent or empty."
    return Section("splits", "Splits", values, absent)


def _confident_chart(splits: list[dict[str, Any]]) -> Markup:
    bars = [
        Bar(f"{clean_name(row['split'])}", 1.0, row["confident_ratio"] or 0.0, numbers.percent(row["confident_ratio"]))
        for row in splits
    ]
    description = ", ".join(f"{bar.name} {bar.text}" for bar in bars)
    return bar_chart(bars, "confident-images", "Share of images with a confident label", f"{description}.")


def _shares_by_boxes(boxes: list[dict[str, Any]], splits: Sequence[str]) -> dict[str, list[float]]:
    """Split -> the share of its images in each step of boxes: shares, because splits differ in size."""
    images: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(map(_step_name, _STEPS), 0.0))
    for row in boxes:
        images[row["split"]][_step_name(_step_of(row["boxes"]))] += row["images"]
    shown = [split for split in splits if sum(images[split].values())][: len(SERIES)]
    return {split: [count / sum(images[split].values()) for count in images[split].values()] for split in shown}


def _boxes_chart(shares: dict[str, list[float]]) -> Markup:
    columns = Columns(list(map(_step_name, _STEPS)), shares, "boxes on one image", lambda share: f"{share:.0%}")
    none = ", ".join(f"{clean_name(split)} {numbers.percent(steps[0])}" for split, steps in shares.items())
    return column_chart(columns, "boxes", "Boxes of an image, by split", f"Images without a box: {none}.")


def _step_of(boxes: int) -> tuple[int, int | None]:
    return next(step for step in _STEPS if step[1] is None or boxes <= step[1])


def _step_name(step: tuple[int, int | None]) -> str:
    first, last = step
    return f"{first}+" if last is None else f"{first}" if first == last else f"{first}{numbers.EN_DASH}{last}"
