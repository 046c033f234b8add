"""Counts of images by size and format."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

SMALLEST_CLASS = 128
UNKNOWN = "unknown"


def count_shapes(images: DataFrame) -> DataFrame:
    """One row a split, format and size class of the images with bytes: images, mean width and height, bytes."""
    return (
        images.where("has_bytes")
        .withColumn("format", F.coalesce("format", F.lit(UNKNOWN)))
        .withColumn("size_class", size_class(F.greatest("width", "height")))
        .groupBy("split", "format", "size_class")
        .agg(
            F.count("*").alias("images"),
            F.avg("width").alias("mean_width"),
            F.avg("height").alias("mean_height"),
            F.coalesce(F.sum("byte_size"), F.lit(0)).alias("bytes"),
        )
    )


def size_class(longer_side: Column) -> Column:
    """The doubling a side in pixels falls in: ``up to 128``, ``129-256``, ``257-512``, ...; ``unknown`` for null."""
    # The bits of side - 1 are the exact ceiling of its logarithm; a logarithm in floating point misses some powers.
    upper = F.pow(F.lit(2.0), F.length(F.bin(longer_side - 1))).cast("bigint")
    between = F.concat((upper / 2 + 1).cast("bigint"), F.lit("-"), upper)
    return (
        F.when(longer_side <= SMALLEST_CLASS, f"up to {SMALLEST_CLASS}")
        .when(longer_side.isNull(), UNKNOWN)
        .otherwise(between)
    )
