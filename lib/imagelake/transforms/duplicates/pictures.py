"""Images as pictures: images that show the very same are one picture, numbered by its best copy.

A million blank images are one picture, so that nothing after this grows with the number of exact copies.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.search.cells import BOTH_SIDES
from imagelake.transforms.rows.looks import with_looks
from imagelake.transforms.rows.row_numbers import add_row_numbers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

UNKNOWN = -1.0  # a size or sharpness that nobody knows comes last


def number_pictures(images: DataFrame, predictions: DataFrame, image_quality: DataFrame) -> DataFrame:
    """The images with bytes, each with the number of its picture and its side.

    Images are copies of one picture as `with_looks` tells. Pictures are numbered from 1 by their best copy: highest
    PPI, then sharpest, then image_id. So of two pictures the one with the lower number is the one to keep.

    Args:
        images: with a column side where two lakes are one frame, 0 for the one and 1 for the other.
        predictions: image_id, pixel_hash and thumbnail.
        image_quality: image_id, ppi and gradient.

    Returns:
        image_id, split, sha256, pixel_hash, picture, own_side, side (that of all copies of the picture, else 2), and
        best: whether it is the best copy.
    """
    quality = image_quality.select("image_id", "ppi", "gradient")
    side = F.col("side") if "side" in images.columns else F.lit(BOTH_SIDES)
    judged = images.select("image_id", "split", "has_bytes", "sha256", side.cast("tinyint").alias("own_side"))
    copies = (
        with_looks(judged, predictions)
        .join(quality, "image_id", how="left")
        .select(
            *("image_id", "split", "sha256", "pixel_hash", "own_side", "look"),
            (-F.coalesce("ppi", F.lit(UNKNOWN))).alias("worse"),
            (-F.coalesce("gradient", F.lit(UNKNOWN))).alias("blurrier"),
        )
    )
    best = copies.groupBy("look").agg(
        F.min(F.struct("worse", "blurrier", "image_id")).alias("best"),
        F.min("own_side").alias("lowest"),
        F.max("own_side").alias("highest"),
    )
    in_order = (F.col("best.worse"), F.col("best.blurrier"), F.col("best.image_id"))
    pictures = add_row_numbers(best, "picture", in_order)
    return copies.join(pictures, "look", how="inner").select(
        *("image_id", "split", "sha256", "pixel_hash", "picture", "own_side"),
        F.when(F.col("lowest") == F.col("highest"), F.col("lowest"))
        .otherwise(F.lit(BOTH_SIDES))
        .cast("tinyint")
        .alias("side"),
        (F.col("image_id") == F.col("best.image_id")).alias("best"),
    )


def count_copies(copies: DataFrame) -> tuple[int, int]:
    """How many images there are, and how many pictures, which is the highest number of one."""
    row = copies.agg(F.count("*").alias("images"), F.max("picture").alias("pictures")).collect()[0]
    return row["images"], row["pictures"] or 0
