"""Which images show the very same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


def thumbnail_hash() -> Column:
    """A hash of the column thumbnail: 32 hexadecimal digits, which no two thumbnails share by chance; null for none.

    Two hashes of 64 bits take an eighth of the time of SHA-256 where Java has no optimising compiler. Nobody gains by
    making two thumbnails of one hash: the same picture twice does as much.
    """
    halves = (F.xxhash64(F.lit(seed), "thumbnail") for seed in range(2))
    return F.when(F.col("thumbnail").isNotNull(), F.concat(*(F.lpad(F.hex(half), 16, "0") for half in halves)))


def with_looks(images: DataFrame, predictions: DataFrame) -> DataFrame:
    """The images with bytes, and pixel_hash and ``look``, which copies of one picture have in common.

    Images are copies of one picture where their thumbnails are equal byte for byte, as those of equal pixels are; where
    an image cannot be decoded, where its bytes are equal.

    Args:
        images: with has_bytes and sha256.
        predictions: image_id, pixel_hash and thumbnail.
    """
    hashes = predictions.select("image_id", "pixel_hash", thumbnail_hash().alias("thumbnail_hash"))
    joined = images.where("has_bytes AND sha256 IS NOT NULL").join(hashes, "image_id", how="left")
    return joined.withColumn("look", F.coalesce("thumbnail_hash", "sha256")).drop("thumbnail_hash")
