"""Precision, recall and average precision over verified images, as Open Images evaluates image-level labels.

People verified some labels of each image: as there (confidence 1) or as not there (confidence 0). Of all other labels
nothing is known, and a prediction of one is neither right nor wrong. An image that shows a label shows every broader
one, and an image without a label is without every narrower one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.measures.intervals import wilson_interval

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

    from imagelake.taxonomy.hierarchy import Hierarchy
    from imagelake.transforms.labels.label_classes import LabelClasses

TOP = 5
RANKS = ("top1", "top5")


def verified_pairs(labels: DataFrame, hierarchy: Hierarchy | None) -> DataFrame:
    """What people verified, with what follows by the hierarchy: image_id, label, positive.

    Pairs that are verified both ways, by different people or through the hierarchy, are left out.

    Args:
        labels: the table labels.
        hierarchy: of display names; None where there is none.
    """
    said = labels.where((F.col("origin") == "human") & F.col("confidence").isin(0.0, 1.0) & F.col("label").isNotNull())
    related = F.broadcast(_related(labels.sparkSession, hierarchy))
    positive = F.col("confidence") == 1
    follows = F.when(positive, F.col("broader")).otherwise(F.col("narrower"))
    own = F.array("label")
    return (
        said.join(related, "label", how="left")
        .select(
            "image_id",
            positive.alias("positive"),
            F.explode(F.concat(own, F.coalesce(follows, F.array()))).alias("label"),
        )
        .groupBy("image_id", "label")
        .agg(F.bool_or("positive").alias("positive"), F.bool_and("positive").alias("agreed"))
        .where(F.col("positive") == F.col("agreed"))
        .drop("agreed")
    )


def _related(spark: SparkSession, hierarchy: Hierarchy | None) -> DataFrame:
    """The labels above and below each label of the hierarchy."""
    below = {node: hierarchy.descendants(node) for node in hierarchy.nodes} if hierarchy else {}
    rows = [
        (node, sorted(other for other, under in below.items() if node in under), sorted(narrower))
        for node, narrower in below.items()
    ]
    return spark.createDataFrame(rows, "label string, broader array<string>, narrower array<string>")


def judge_verified(verified: DataFrame, predictions: DataFrame, meanings: LabelClasses) -> DataFrame:
    """Verified pairs of covered labels and predicted images: image_id, label, positive, top1, top5, score.

    The score of a label is the sum of those of its classes among the ones that predictions keep.

    Args:
        verified: as from `verified_pairs`.
        predictions: the table.
        meanings: which classes mean which label.
    """
    rows = [(label, sorted(classes)) for label, classes in meanings.classes.items() if classes]
    classes = F.broadcast(verified.sparkSession.createDataFrame(rows, "label string, classes array<int>"))
    kept = predictions.where("error IS NULL").select("image_id", "top_classes", "top_scores")
    scored = F.zip_with(
        "top_classes",
        F.col("top_scores").cast("array<double>"),
        lambda index, score: F.when(F.array_contains(F.col("classes"), index), score).otherwise(0.0),
    )
    return (
        verified.join(classes, "label", how="inner")
        .join(kept, "image_id", how="inner")
        .select(
            "image_id",
            "label",
            "positive",
            F.array_contains("classes", F.get("top_classes", F.lit(0))).alias("top1"),
            F.arrays_overlap("classes", F.slice("top_classes", 1, TOP)).alias("top5"),
            F.aggregate(scored, F.lit(0.0), lambda total, score: total + score).alias("score"),
        )
    )


def measure_verified(judged: DataFrame, level: float) -> DataFrame:
    """The label_verification table: one row a covered label that people verified on predicted images.

    Args:
        judged: as from `judge_verified`.
        level: of the intervals.
    """
    counts = judged.groupBy("label").agg(
        F.count_if("positive").alias("positives"),
        F.count_if(~F.col("positive")).alias("negatives"),
        *(F.count_if(rank).alias(f"{rank}_predicted") for rank in RANKS),
        *(F.count_if(F.col(rank) & F.col("positive")).alias(f"{rank}_hits") for rank in RANKS),
    )
    contested = F.col("negatives") > 0  # without any, whatever is predicted is right
    shares = [
        column
        for rank in RANKS
        for name, of in (("precision", F.when(contested, F.col(f"{rank}_predicted"))), ("recall", F.col("positives")))
        for column in _share(f"{rank}_{name}", F.col(f"{rank}_hits"), of, level)
    ]
    return counts.join(average_precision(judged), "label", how="left").select(
        "label",
        "positives",
        "negatives",
        *(f"{rank}_{name}" for rank in RANKS for name in ("predicted", "hits")),
        *shares,
        F.when(contested, F.col("average_precision")).alias("average_precision"),
        F.lit(level).alias("level"),
    )


def _share(name: str, hits: Column, of: Column, level: float) -> list[Column]:
    n = F.when(of > 0, of)
    low, high = wilson_interval(hits, n, level)
    return [(hits / n).alias(name), low.alias(f"{name}_low"), high.alias(f"{name}_high")]


def average_precision(judged: DataFrame) -> DataFrame:
    """The average precision of each label with positives: label, average_precision.

    The sum over the different scores, the highest first, of the recall gained at a score times the precision down to
    it: images of equal score come in together, so that their order does not matter.
    """
    downwards = (
        Window.partitionBy("label").orderBy(F.desc("score")).rowsBetween(Window.unboundedPreceding, Window.currentRow)
    )
    by_score = judged.groupBy("label", "score").agg(F.count_if("positive").alias("found"), F.count("*").alias("of"))
    precision = F.sum("found").over(downwards) / F.sum("of").over(downwards)
    gained = by_score.withColumn("part", F.col("found") * precision)
    return (
        gained.groupBy("label")
        .agg(F.sum("part").alias("parts"), F.sum("found").alias("positives"))
        .where("positives > 0")
        .select("label", (F.col("parts") / F.col("positives")).alias("average_precision"))
    )


def verification_note(table: DataFrame) -> str:
    """The means over labels with positives and negatives, for the summary."""
    row = table.where("positives > 0 AND negatives > 0").agg(
        F.count("*").alias("labels"),
        F.avg("average_precision").alias("map"),
        F.sum("positives").alias("positives"),
        F.sum("negatives").alias("negatives"),
    ).first()  # fmt: skip
    if row is None or not row["labels"]:
        return "no covered label was verified as there on some images and as not there on others"
    return (
        f"mean average precision {row['map']:.3f} of {row['labels']:,} labels, "
        f"{row['positives']:,} images with and {row['negatives']:,} without"
    )
