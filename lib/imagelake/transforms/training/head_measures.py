"""The measures of a trained head, from its scores of images that it did not learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.measures.classification import (
    BINS,
    Bins,
    Estimate,
    LabelCounts,
    calibration_error,
    mean_of,
    share,
)
from imagelake.tables import TABLES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

TOP = 5


class Measured(NamedTuple):
    """One measure of a head.

    Attributes:
        evaluated_on: cross_validation, or a split.
        measure: its name.
        estimate: its value.
    """

    evaluated_on: str
    measure: str
    estimate: Estimate


def label_counts(scored: DataFrame) -> dict[str, dict[str, LabelCounts]]:
    """Counts of each label by what it was evaluated on; K rows for each come to the driver."""
    sides = scored.select("evaluated_on", F.col("label").alias("name"), F.lit(1).alias("is_label"), _hit()).unionByName(
        scored.select("evaluated_on", F.col("predicted").alias("name"), F.lit(0).alias("is_label"), _hit())
    )
    counted = sides.groupBy("evaluated_on", "name").agg(
        F.sum("is_label").alias("images"),
        F.sum(1 - F.col("is_label")).alias("predicted"),
        F.sum(F.col("is_label") * F.col("hit")).alias("hits"),
    )
    found: dict[str, dict[str, LabelCounts]] = {}
    for row in counted.orderBy("evaluated_on", "name").collect():
        counts = LabelCounts(row["images"], row["predicted"], row["hits"])
        found.setdefault(row["evaluated_on"], {})[row["name"]] = counts
    return found


def _hit() -> Any:
    return (F.col("label") == F.col("predicted")).cast("int").alias("hit")


def label_rows(spark: SparkSession, counts: dict[str, dict[str, LabelCounts]], level: float) -> DataFrame:
    """The training_labels table."""
    rows = []
    for evaluated_on, by_label in counts.items():
        for label, found in by_label.items():
            measures = [found.precision(level), found.recall(level), found.f1(level)]
            values = [value for one in measures for value in ((one.value, one.low, one.high) if one else (None,) * 3)]
            never = found.predicted == 0
            rows.append((evaluated_on, label, found.images, found.predicted, found.hits, *values, never, level))
    return spark.createDataFrame(rows, TABLES["training_labels"].ddl)


def measured_of(
    scored: DataFrame, counts: dict[str, dict[str, LabelCounts]], level: float, seed: int
) -> list[Measured]:
    """All measures over labels, of each thing that the head was evaluated on."""
    totals = scored.groupBy("evaluated_on").agg(
        F.count("*").alias("images"),
        F.count_if(F.col("label_rank") == 1).alias("top1"),
        F.count_if(F.col("label_rank") <= TOP).alias("top5"),
        F.avg(-F.log("label_score")).alias("loss"),
        F.stddev(-F.log("label_score")).alias("deviation"),
    )
    bins = _bins(scored)
    return [
        measured
        for row in totals.orderBy("evaluated_on").collect()
        for measured in _measures(row.asDict(), counts[row["evaluated_on"]], bins[row["evaluated_on"]], level, seed)
    ]


def _measures(
    row: dict[str, Any], counts: dict[str, LabelCounts], bins: Bins, level: float, seed: int
) -> Iterator[Measured]:
    of_labels = [one for one in counts.values() if one.images]
    found = {
        "accuracy": share(row["top1"], row["images"], level),
        "top5": share(row["top5"], row["images"], level),
        "balanced_accuracy": mean_of([one.recall(level) for one in of_labels]),
        "macro_precision": mean_of([one.precision(level) for one in of_labels]),
        "macro_f1": mean_of([one.f1(level) for one in of_labels]),
        "weighted_f1": _weighted_f1(of_labels, level),
        "calibration_error": calibration_error(bins, level, seed),
        "loss": _mean(row["loss"], row["deviation"], row["images"], level),
    }
    yield from (Measured(row["evaluated_on"], name, one) for name, one in found.items() if one is not None)


def _weighted_f1(counts: Sequence[LabelCounts], level: float) -> Estimate:
    images = sum(one.images for one in counts)
    parts = [(one.images / images, one.f1(level)) for one in counts]
    return Estimate(sum(weight * one.value for weight, one in parts if one), None, None, images)


def _mean(value: float, deviation: float | None, n: int, level: float) -> Estimate:
    from statistics import NormalDist

    if deviation is None:
        return Estimate(value, None, None, n)
    half = NormalDist().inv_cdf((1 + level) / 2) * deviation / n**0.5
    return Estimate(value, value - half, value + half, n)


def _bins(scored: DataFrame) -> dict[str, Bins]:
    number = F.least(F.floor(F.col("score") * BINS), F.lit(BINS - 1)).cast("int").alias("bin")
    counted = scored.groupBy("evaluated_on", number).agg(
        F.count("*").alias("images"),
        F.count_if(F.col("label") == F.col("predicted")).alias("hits"),
        F.sum("score").alias("scores"),
    )
    found: dict[str, Bins] = {}
    for row in counted.collect():
        bins = found.setdefault(
            row["evaluated_on"], Bins(np.zeros(BINS, np.int64), np.zeros(BINS, np.int64), np.zeros(BINS))
        )
        bins.images[row["bin"]], bins.hits[row["bin"]] = row["images"], row["hits"]
        bins.scores[row["bin"]] = row["scores"]
    return found


def measure_rows(spark: SparkSession, measured: Sequence[Measured], level: float) -> DataFrame:
    """The training_measures table."""
    rows = [
        (one.evaluated_on, one.measure, one.estimate.value, one.estimate.low, one.estimate.high, one.estimate.n, level)
        for one in measured
    ]
    return spark.createDataFrame(rows, TABLES["training_measures"].ddl)


def confusion_rows(scored: DataFrame) -> DataFrame:
    """The training_confusion table."""
    of_label = Window.partitionBy("evaluated_on", "label").rowsBetween(
        Window.unboundedPreceding, Window.unboundedFollowing
    )
    counts = scored.groupBy("evaluated_on", "label", "predicted").agg(F.count("*").alias("images"))
    return counts.withColumn("share", F.col("images") / F.sum("images").over(of_label))
