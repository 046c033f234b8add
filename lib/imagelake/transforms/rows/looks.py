"""Which images show the very same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def with_looks(images: DataFrame, predictions: DataFrame) -> DataFrame:
    """The images with bytes, and pixel_hash and ``look``, which copies of one picture have in common.

    Images are copies of one picture where their thumbnails are equal byte for byte, as those of equal pixels are; where
    an image cannot be decoded, where its bytes are equal.

    Args:
        images: with has_bytes and sha256.
        predictions: image_id, pixel_hash and thumbnail.
    """
    hashes = predictions.select("image_id", "pixel_hash", F.sha2("thumbnail", 256).alias("thumbnail_hash"))
    joined = images.where("has_bytes AND sha256 IS NOT NULL").join(hashes, "image_id", how="left")
    return joined.withColumn("look", F.coalesce("thumbnail_hash", "sha256")).drop("thumbnail_hash")
