"""Label rows counted once by image, label and split, and from these by image and by label; boxes by image or label."""

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


def sum_by_image(label_counts: DataFrame) -> DataFrame:
    """One row an image and split of the labels: image_id, split, rows, confident (whether any of its labels is).

    Args:
        label_counts: as from count_labels.
    """
    return label_counts.groupBy("image_id", "split").agg(
        F.sum("rows").alias("rows"), F.max("confident").alias("confident")
    )


def sum_by_label(label_counts: DataFrame) -> DataFrame:
    """One row a label and split: rows, images, confident_images, and of the confidences the numbers of count_labels.

    Args:
        label_counts: as from count_labels.
    """
    return label_counts.groupBy("label_id", "split").agg(
        F.sum("rows").alias("rows"),
        F.count("*").alias("images"),
        F.count_if("confident").alias("confident_images"),
        F.sum("confidences").alias("confidences"),
        F.sum("confidence_sum").alias("confidence_sum"),
        F.min("min_confidence").alias("min_confidence"),
        F.max("max_confidence").alias("max_confidence"),
    )


def count_boxes(boxes: DataFrame, by: str) -> DataFrame:
    """One row an image (by image_id) or label (by label_id) and split of the boxes: boxes, depictions."""
    return boxes.groupBy(by, "split").agg(
        F.count("*").alias("boxes"), F.count_if(F.col("is_depiction") == 1).alias("depictions")
    )


def occurrences(by_label: DataFrame, box_counts: DataFrame, classes: DataFrame) -> DataFrame:
    """One row a label and split that label rows or boxes name: rows, images, confident_images, boxes.

    Args:
        by_label: as from sum_by_label.
        box_counts: as from count_boxes, by label.
        classes: the names of the labels.
    """
    counts = ("rows", "images", "confident_images", "boxes")
    parts = by_label.select("label_id", "split", *counts[:3]).unionByName(
        box_counts.select("label_id", "split", "boxes"), allowMissingColumns=True
    )
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


def boxes_per_image(box_counts: DataFrame, images: DataFrame) -> DataFrame:
    """The distribution: split, boxes, images; 0 boxes where an image of the split has none.

    An image counts in its own split; one that boxes name and the images do not counts in the split of its boxes.

    Args:
        box_counts: as from count_boxes, by image.
        images: image_id and split, one row an image.
    """
    boxed = box_counts.select("image_id", F.col("split").alias("box_split"), "boxes")
    counted = boxed.join(images.select("image_id", "split"), "image_id", how="full_outer")
    return (
        counted.groupBy("image_id", F.coalesce("split", "box_split").alias("split"))
        .agg(F.coalesce(F.sum("boxes"), F.lit(0)).alias("boxes"))
        .groupBy("split", "boxes")
        .agg(F.count("*").alias("images"))
    )
