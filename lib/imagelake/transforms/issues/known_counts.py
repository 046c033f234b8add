"""Confident learning for images with many labels: each label by itself, with the two classes there and not there.

What comes to the driver is of the size of the labels; which of the scores are the lowest is found by sorting on Spark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.measures.label_errors import SLACK, estimated_joint, thresholds_of, wrong_counts

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import Column, DataFrame

SIDES = (False, True)  # not there, there: the classes 0 and 1 of each label
WANTED = "label string, present boolean, by_pair bigint, by_label bigint"


@dataclass(frozen=True, eq=False)
class KnownCounts:
    """What confident learning knows of one label.

    Attributes:
        images: int64 [2], of which it is known that they do not show the label, and that they do.
        thresholds: float64 [2], the mean score of each.
        estimate: int64 [2, 2], images by what is said and what is true, as estimated.
        wrong: int64 [2, 2], how many of each to call the other; on the diagonal those to keep.
    """

    images: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    estimate: NDArray[np.int64]
    wrong: NDArray[np.int64]


def known_counts(scored: DataFrame) -> dict[str, KnownCounts]:
    """Two passes over scored labels: thresholds, then counts, of each label.

    Args:
        scored: as from `label_judges.score_known`, stored.
    """
    sums: dict[str, NDArray[np.float64]] = {}
    means = scored.groupBy("label", "present").agg(F.count("*").alias("images"), F.sum("score").alias("scores"))
    for row in means.collect():
        sums.setdefault(row["label"], np.zeros((2, 2)))[:, int(row["present"])] = row["images"], row["scores"]
    thresholds = {label: thresholds_of(of_label) for label, of_label in sums.items()}
    joints = {label: np.zeros((2, 2), np.int64) for label in sums}
    likely = with_likely(scored, thresholds).where("likely IS NOT NULL")
    for row in likely.groupBy("label", "present", "likely").count().collect():
        joints[row["label"]][int(row["present"]), int(row["likely"])] = row["count"]
    found = {}
    for label, joint in joints.items():
        images = sums[label][0].astype(np.int64)
        estimate = estimated_joint(joint, images)
        found[label] = KnownCounts(images, thresholds[label], estimate, wrong_counts(estimate))
    return found


def with_likely(scored: DataFrame, thresholds: dict[str, NDArray[np.float64]]) -> DataFrame:
    """Add ``likely``: whether the label is probably there; null where neither side reaches its threshold.

    Args:
        scored: label, present, score.
        thresholds: float64 [2] of each label.
    """
    rows = [(label, *map(float, bounds)) for label, bounds in thresholds.items()]
    bounds = scored.sparkSession.createDataFrame(rows, "label string, absent_from double, there_from double")
    there = F.when(F.col("present"), F.col("score")).otherwise(1 - F.col("score"))
    is_there, is_absent = there >= F.col("there_from") - SLACK, 1 - there >= F.col("absent_from") - SLACK
    likely = F.when(is_there & is_absent, there > 0.5).when(is_there, F.lit(True)).when(is_absent, F.lit(False))
    return (
        scored.join(F.broadcast(bounds), "label", how="inner")
        .withColumn("likely", likely)
        .drop("absent_from", "there_from")
    )


def judge_scored(scored: DataFrame, counts: dict[str, KnownCounts]) -> DataFrame:
    """The label_scores table of images with many labels.

    Args:
        scored: as from `label_judges.score_known`, stored.
        counts: as from `known_counts`.
    """
    wanted = [(label, side, *_wanted(of_label, int(side))) for label, of_label in counts.items() for side in SIDES]
    numbers = F.broadcast(scored.sparkSession.createDataFrame(wanted, WANTED))
    upwards = Window.partitionBy("label", "present").orderBy("score")
    up_to_here = upwards.rangeBetween(Window.unboundedPreceding, Window.currentRow)
    differs = F.col("score") < 0.5
    return (
        with_likely(scored, {label: of_label.thresholds for label, of_label in counts.items()})
        .join(numbers, ["label", "present"], how="inner")
        .withColumn("lower", F.rank().over(upwards) - 1)
        .withColumn("as_low", F.count(F.lit(1)).over(up_to_here))
        .select(
            "image_id",
            "label",
            "score",
            F.col("score").alias("margin"),
            "suggested",
            "suggested_score",
            (differs & (F.col("lower") < F.col("by_pair"))).alias("by_noise_rate"),
            (differs & (F.col("as_low") <= F.col("by_label"))).alias("by_class"),
            (differs & _contradicted()).alias("by_confident_learning"),
            differs.alias("differs"),
            "present",
        )
    )


def _contradicted() -> Column:
    return F.coalesce(F.col("likely") != F.col("present"), F.lit(False))


def _wanted(counts: KnownCounts, side: int) -> tuple[int, int]:
    """How many of a side are wrong, by its pair of classes and by itself; a side with one image keeps it."""
    if counts.images.min() <= 1:
        return 0, 0
    return int(counts.wrong[side, 1 - side]), int(counts.images[side] - counts.wrong[side, side])
