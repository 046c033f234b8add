"""Images without label rows, and label rows without image."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def match_images(images: DataFrame, by_image: DataFrame, box_counts: DataFrame) -> DataFrame:
    """One row an image, with what names it.

    Args:
        images: the images table.
        by_image: as from sum_by_image.
        box_counts: as from count_boxes, by image.

    Returns:
        image_id, split, has_bytes, labelled (by any row), confident (by one above the threshold), boxed.
    """
    named = by_image.groupBy("image_id").agg(F.max("confident").alias("confident"))
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


def labels_without_image(by_image: DataFrame, images: DataFrame) -> DataFrame:
    """The images that label rows name but no image list: image_id, split of the labels, rows."""
    listed = images.where("listed").select("image_id")
    return by_image.join(listed, "image_id", how="left_anti").select("image_id", "split", "rows")
