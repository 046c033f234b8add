"""How many boxes an image has."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def boxes_per_image(box_counts: DataFrame, images: DataFrame) -> DataFrame:
    """The distribution: split, boxes, images; 0 boxes where an image of the split has none.

    An image counts in its own split; one that only boxes name counts in the split of its boxes.

    Args:
        box_counts: as from count_boxes.
        images: image_id and split, one row an image.
    """
    boxed = box_counts.groupBy("image_id", F.col("split").alias("box_split")).agg(F.sum("boxes").alias("boxes"))
    counted = boxed.join(images.select("image_id", "split"), "image_id", how="full_outer")
    return (
        counted.groupBy("image_id", F.coalesce("split", "box_split").alias("split"))
        .agg(F.coalesce(F.sum("boxes"), F.lit(0)).alias("boxes"))
        .groupBy("split", "boxes")
        .agg(F.count("*").alias("images"))
    )
