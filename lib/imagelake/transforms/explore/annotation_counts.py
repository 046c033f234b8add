"""Label and box rows counted once by image, label and split: the small frames of the exploration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ANNOTATION = ("image_id", "label_id", "split")


def count_labels(labels: DataFrame, min_confidence: float) -> DataFrame:
    """One row an image, label and split of the labels.

    The labels are shuffled here by image; later groupings and joins by image need no further shuffle.

    Returns:
        image_id, label_id, split, rows, confident (whether one of the rows is above the threshold), and of the
        confidences: how many there are, their sum, the lowest and the highest.
    """
    return (
        labels.select(*ANNOTATION, "confidence")
        .repartition("image_id")
        .groupBy(*ANNOTATION)
        .agg(
            F.count("*").alias("rows"),
            F.coalesce(F.max(F.col("confidence") > min_confidence), F.lit(False)).alias("confident"),
            F.count("confidence").alias("confidences"),
            F.sum("confidence").alias("confidence_sum"),
            F.min("confidence").alias("min_confidence"),
            F.max("confidence").alias("max_confidence"),
        )
    )


def count_boxes(boxes: DataFrame) -> DataFrame:
    """One row an image, label and split of the boxes: image_id, label_id, split, boxes, depictions."""
    return (
        boxes.select(*ANNOTATION, "is_depiction")
        .repartition("image_id")
        .groupBy(*ANNOTATION)
        .agg(F.count("*").alias("boxes"), F.count_if(F.col("is_depiction") == 1).alias("depictions"))
    )
