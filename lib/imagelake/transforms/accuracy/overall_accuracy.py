"""The accuracy of the whole lake, averaged over images and over labels."""

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
    "top5",
    "top5_low",
    "top5_high",
    "mean_top1",
    "mean_low",
    "mean_high",
    "level",
)


def overall_accuracy(covered: pd.DataFrame, labels: int) -> pd.DataFrame:
    """One row: how many labels are covered, top-1 and top-5 over their images, top-1's mean, and the intervals' level.

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
    images, first = int(covered["images"].sum()), covered.iloc[0]
    level = interval_level(first["top1_images"], first["images"], (first["top1_low"], first["top1_high"]))
    mean, mean_low, mean_high = mean_interval(*(covered[name].to_list() for name in ("top1", "top1_low", "top1_high")))
    return {
        **_share("top1", covered, images, level),
        **_share("top5", covered, images, level),
        "mean_top1": mean,
        "mean_low": mean_low,
        "mean_high": mean_high,
        "level": level,
    }


def _share(top: str, covered: pd.DataFrame, images: int, level: float) -> dict[str, float]:
    hits = int(covered[f"{top}_images"].sum())
    low, high = wilson_interval(hits, images, level)
    return {top: hits / images, f"{top}_low": low, f"{top}_high": high}


def interval_level(hits: int, images: int, bounds: tuple[float, float]) -> float:
    """The confidence level of a Wilson interval, from the interval: a table then says itself how it was made.

    A bound b solves |hits/n - b| = z sqrt(b (1 - b) / n), hence z; the lower bound tells it unless there are no hits.
    """
    bound = bounds[0] if hits else bounds[1]
    z = abs(hits / images - bound) * (images / (bound * (1 - bound))) ** 0.5
    return round(2 * NormalDist().cdf(z) - 1, 9)
