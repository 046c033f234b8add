"""Images without label rows, and label rows without image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def match_images(images: DataFrame, label_counts: DataFrame, box_counts: DataFrame) -> DataFrame:
    """One row an image, with what names it.

    Args:
        images: the images table.
        label_counts: as from count_labels.
        box_counts: as from count_boxes.

    Returns:
        image_id, split, has_bytes, labelled (by any row), confident (by one above the threshold), boxed.
    """
    named = label_counts.groupBy("image_id").agg(F.max("confident").alias("confident"))
    boxed = box_counts.groupBy("image_id").agg(F.lit(True).alias("boxed"))
    return (
        images.join(named, "image_id", how="left")
        .join(boxed, "image_id", how="left")
        .select(
            "image_id",
            "split",
            "has_bytes",
            F.col("confident").isNotNull().alias("labelled"),
            F.coalesce("confident", F.lit(False)).alias("confident"),
            F.coalesce("boxed", F.lit(False)).alias("boxed"),
        )
    )


def images_without_label(matched: DataFrame) -> DataFrame:
    """The images that no label row names: image_id, split."""
    return matched.where(~F.col("labelled")).select("image_id", "split")


def labels_without_image(label_counts: DataFrame, images: DataFrame) -> DataFrame:
    """The images that label rows name but no image list: image_id, split of the labels, rows."""
    listed = images.where("listed").select("image_id")
    return (
        label_counts.join(listed, "image_id", how="left_anti")
        .groupBy("image_id", "split")
        .agg(F.sum("rows").alias("rows"))
    )
