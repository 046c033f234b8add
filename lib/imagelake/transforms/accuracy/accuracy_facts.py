"""What the accuracy job says at its end: coverage, overall shares with intervals, the worst confusions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.measures.intervals import mean_interval, wilson_interval

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, Row

NAMES_SHOWN, CONFUSIONS_SHOWN = 20, 5


def count_outcomes(accuracy: DataFrame, judged: DataFrame) -> tuple[int, int, dict[str, int]]:
    """How many pairs of image and label there are, how many were measured, and why the others were not.

    Args:
        accuracy: the label_accuracy table as written, so that the account holds what a reader will find.
        judged: as from judge_predictions.
    """
    outcomes = {row["outcome"]: row["count"] for row in judged.groupBy("outcome").count().collect()}
    measured = sum(row["images"] for row in accuracy.select("images").collect())
    reasons = {reason: outcomes.get(reason, 0) for reason in ("undecodable", "not_predicted")}
    return sum(outcomes.values()), measured, reasons


def accuracy_facts(accuracy: DataFrame, level: float) -> dict[str, str]:
    """Which labels the model covers, and over these top-1 and top-5: of all images, and as the mean of labels.

    Args:
        accuracy: the label_accuracy table; collected, since labels are thousands at most.
        level: the confidence level of the intervals.
    """
    labels = sorted(accuracy.collect(), key=lambda row: row["label"])
    left_out = [row["label"] for row in labels if not row["covered"]]
    judged = [row for row in labels if row["covered"] and row["images"]]
    facts = {"labels covered by the model": f"{len(labels) - len(left_out):,} of {len(labels):,}"}
    if left_out:
        facts["not covered, so not judged"] = shorten(left_out)
    if judged:
        facts |= dict(_overall(judged, level))
    return facts


def _overall(judged: Sequence[Row], level: float) -> Iterator[tuple[str, str]]:
    n = sum(row["images"] for row in judged)
    for key, name in (("top1", "top-1"), ("top5", "top-5")):
        hits = sum(row[f"{key}_images"] for row in judged)
        pooled = (hits / n, *wilson_interval(hits, n, level))
        mean = mean_interval(*([row[f"{key}{bound}"] for row in judged] for bound in ("", "_low", "_high")))
        yield f"{name}, every image alike", f"{_share(*pooled, level)} of {n:,} images"
        yield f"{name}, every label alike", f"{_share(*mean, level)} of {len(judged):,} labels"


def _share(share: float, low: float, high: float, level: float) -> str:
    return f"{share:.3f} ({low:.3f} to {high:.3f} at {level:.0%})"


def worst_confusions(confusion: DataFrame) -> str:
    """The mistakes that happen most, among the labels that the model could have got right."""
    mistakes = confusion.where("covered AND NOT correct").orderBy(F.desc("images"), "label", "predicted")
    return "; ".join(
        f"{row['label']} taken for {row['predicted']}: {row['images']:,} ({row['share']:.0%})"
        for row in mistakes.limit(CONFUSIONS_SHOWN).collect()
    )


def shorten(names: Sequence[str]) -> str:
    """The names, or the first of them and how many more there are."""
    shown = ", ".join(names[:NAMES_SHOWN])
    return shown if len(names) <= NAMES_SHOWN else f"{shown} and {len(names) - NAMES_SHOWN:,} more"
