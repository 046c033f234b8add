"""How often each label occurs in each split."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def occurrences(label_counts: DataFrame, box_counts: DataFrame, classes: DataFrame) -> DataFrame:
    """One row a label and split that label rows or boxes name: rows, images, confident_images, boxes.

    Args:
        label_counts: as from count_labels.
        box_counts: as from count_boxes.
        classes: the names of the labels.
    """
    parts = label_counts.select(
        "label_id", "split", "rows", F.lit(1).alias("images"), F.col("confident").cast("int").alias("confident_images")
    ).unionByName(box_counts.select("label_id", "split", "boxes"), allowMissingColumns=True)
    counts = ("rows", "images", "confident_images", "boxes")
    summed = parts.groupBy("label_id", "split").agg(
        *(F.coalesce(F.sum(count), F.lit(0)).alias(count) for count in counts)
    )
    return summed.join(F.broadcast(classes.select("label_id", "label")), "label_id", how="left").select(
        "label_id", "label", "split", *counts
    )


def top_labels(label_counts: DataFrame, count: int) -> DataFrame:
    """The most frequent labels over all splits, ties by label_id, with the sums of their counts."""
    sums = (F.sum(name).alias(name) for name in ("rows", "images", "confident_images", "boxes"))
    return label_counts.groupBy("label_id", "label").agg(*sums).orderBy(F.desc("rows"), F.asc("label_id")).limit(count)
