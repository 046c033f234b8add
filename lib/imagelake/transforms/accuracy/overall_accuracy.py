"""The accuracy of the whole lake, averaged over images and over labels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from imagelake.errors import ImageLakeError
from imagelake.measures.intervals import mean_interval, wilson_interval

RANKS = ("top1", "top5")
BOUNDS = ("", "_low", "_high")
COLUMNS = (
    "labels",
    "covered_labels",
    "images",
    *(f"{rank}{bound}" for rank in RANKS for bound in BOUNDS),
    *(f"mean_{rank}{bound}" for rank in RANKS for bound in BOUNDS),
    "level",
)
NAMES_SHOWN = 20
NOT_COVERED = "not covered, so not judged"


def overall_accuracy(covered: pd.DataFrame, labels: int) -> pd.DataFrame:
    """One row: how many labels are covered, top-1 and top-5 over images and as means of labels, and the level.

    Args:
        covered: the rows of label_accuracy that are covered and have images.
        labels: rows of label_accuracy; without any the result is empty.

    Raises:
        ImageLakeError: the rows do not say the level of their intervals.
    """
    if not labels:
        return pd.DataFrame(columns=list(COLUMNS))
    row: dict[str, Any] = {"labels": labels, "covered_labels": len(covered), "images": int(covered["images"].sum())}
    if len(covered):
        level = _level(covered)
        row |= {"level": level, **_pooled("top1", covered, level), **_pooled("top5", covered, level)}
        row |= {**_averaged("top1", covered), **_averaged("top5", covered)}
    return pd.DataFrame([row], columns=list(COLUMNS))


def _level(covered: pd.DataFrame) -> float:
    levels = covered["level"].unique()
    if len(levels) != 1 or pd.isna(levels[0]):
        raise ImageLakeError(
            f"table label_accuracy: its intervals need one confidence level, found {list(levels)}: "
            "run measure_accuracy again"
        )
    return float(levels[0])


def _pooled(rank: str, covered: pd.DataFrame, level: float) -> dict[str, float]:
    hits, images = int(covered[f"{rank}_images"].sum()), int(covered["images"].sum())
    low, high = wilson_interval(hits, images, level)
    return {rank: hits / images, f"{rank}_low": low, f"{rank}_high": high}


def _averaged(rank: str, covered: pd.DataFrame) -> dict[str, float]:
    mean = mean_interval(*(covered[f"{rank}{bound}"].to_list() for bound in BOUNDS))
    return {f"mean_{rank}{bound}": value for bound, value in zip(BOUNDS, mean, strict=True)}


def accuracy_notes(accuracy: pd.DataFrame) -> dict[str, str]:
    """Lines for the summary: which labels the model covers, and over these top-1 and top-5.

    Args:
        accuracy: the label_accuracy table, thousands of rows at most.
    """
    left_out = sorted(accuracy.loc[~accuracy["covered"].astype(bool), "label"])
    notes = {"labels covered by the model": f"{len(accuracy) - len(left_out):,} of {len(accuracy):,}"}
    if left_out:
        notes[NOT_COVERED] = _shorten(left_out)
    measured = accuracy[accuracy["covered"].astype(bool) & (accuracy["images"] > 0)]
    for overall in overall_accuracy(measured, len(measured)).to_dict("records"):
        notes |= dict(_shares(overall))
    return notes


def _shares(overall: dict[Any, Any]) -> Iterator[tuple[str, str]]:
    images, labels = f"{overall['images']:,} images", f"{overall['covered_labels']:,} labels"
    for rank, name in (("top1", "top-1"), ("top5", "top-5")):
        for values, alike, of in ((rank, "image", images), (f"mean_{rank}", "label", labels)):
            share, low, high = (overall[f"{values}{bound}"] for bound in BOUNDS)
            interval = f"({low:.3f} to {high:.3f} at {overall['level']:.0%})"
            yield f"{name}, every {alike} alike", f"{share:.3f} {interval} of {of}"


def _shorten(names: Sequence[str]) -> str:
    """The names, or the first of them and how many more there are."""
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN:,} more"
