"""Counts of each split: images, labels, confidences and boxes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_COUNTS = (
    "images",
    "images_with_bytes",
    "labelled_images",
    "confident_images",
    "label_rows",
    "labels",
    "boxes",
    "boxed_images",
    "depictions",
)


def summarise_splits(matched: DataFrame, by_label: DataFrame, box_counts: DataFrame) -> DataFrame:
    """One row a split that images, labels or boxes name.

    Images are counted in their own split, label and box rows in that of their file.

    Args:
        matched: as from match_images.
        by_label: as from sum_by_label.
        box_counts: as from count_boxes, by image.
    """
    parts = _of_images(matched)
    for part in (_of_labels(by_label), _of_boxes(box_counts)):
        parts = parts.unionByName(part, allowMissingColumns=True)
    # At most one part holds each number of a split, so that any aggregate that skips nulls returns it.
    return (
        parts.groupBy("split")
        .agg(
            *(F.coalesce(F.sum(count), F.lit(0)).alias(count) for count in _COUNTS),
            *(F.max(f"{name}_confidence").alias(f"{name}_confidence") for name in ("min", "mean", "max")),
        )
        .withColumn("confident_ratio", F.try_divide("confident_images", "images"))
    )


def _of_images(matched: DataFrame) -> DataFrame:
    return matched.groupBy("split").agg(
        F.count("*").alias("images"),
        F.count_if("has_bytes").alias("images_with_bytes"),
        F.count_if("labelled").alias("labelled_images"),
        F.count_if("confident").alias("confident_images"),
        F.count_if("boxed").alias("boxed_images"),
    )


def _of_labels(by_label: DataFrame) -> DataFrame:
    return by_label.groupBy("split").agg(
        F.sum("rows").alias("label_rows"),
        F.count("label_id").alias("labels"),
        F.min("min_confidence").alias("min_confidence"),
        F.try_divide(F.sum("confidence_sum"), F.sum("confidences")).alias("mean_confidence"),
        F.max("max_confidence").alias("max_confidence"),
    )


def _of_boxes(box_counts: DataFrame) -> DataFrame:
    return box_counts.groupBy("split").agg(F.sum("boxes").alias("boxes"), F.sum("depictions").alias("depictions"))
