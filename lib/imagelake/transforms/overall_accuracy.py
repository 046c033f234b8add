"""One accuracy for the whole lake: over all images alike, and over all labels alike."""

from __future__ import annotations

from statistics import NormalDist
from typing import Any

import pandas as pd

from imagelake.measures.intervals import mean_interval, wilson_interval

COLUMNS = (
    "labels",
    "covered_labels",
    "images",
    "top1",
    "top1_low",
    "top1_high",
    "mean_top1",
    "mean_low",
    "mean_high",
    "level",
)


def overall_accuracy(covered: pd.DataFrame, labels: int) -> pd.DataFrame:
    """One row: how many labels are covered, top-1 over their images, its mean over them, and the intervals' level.

    Args:
        covered: the rows of label_accuracy that are covered and have images.
        labels: rows of label_accuracy; without any the result is empty.
    """
    if not labels:
        return pd.DataFrame(columns=list(COLUMNS))
    row: dict[str, Any] = {"labels": labels, "covered_labels": len(covered), "images": int(covered["images"].sum())}
    if len(covered):
        row |= _shares(covered)
    return pd.DataFrame([row], columns=list(COLUMNS))


def _shares(covered: pd.DataFrame) -> dict[str, float]:
    hits, images = int(covered["top1_images"].sum()), int(covered["images"].sum())
    first = covered.iloc[0]
    level = interval_level(first["top1_images"], first["images"], (first["top1_low"], first["top1_high"]))
    low, high = wilson_interval(hits, images, level)
    mean, mean_low, mean_high = mean_interval(*(covered[name].to_list() for name in ("top1", "top1_low", "top1_high")))
    return {
        "top1": hits / images,
        "top1_low": low,
        "top1_high": high,
        "mean_top1": mean,
        "mean_low": mean_low,
        "mean_high": mean_high,
        "level": level,
    }


def interval_level(hits: int, images: int, bounds: tuple[float, float]) -> float:
    """The confidence level of a Wilson interval, from the interval: a table then says itself how it was made.

    A bound b solves |hits/n - b| = z sqrt(b (1 - b) / n), hence z; the lower bound tells it unless there are no hits.
    """
    bound = bounds[0] if hits else bounds[1]
    z = abs(hits / images - bound) * (images / (bound * (1 - bound))) ** 0.5
    return round(2 * NormalDist().cdf(z) - 1, 9)
