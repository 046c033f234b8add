"""The quality of each image without decoding it again: size, file, texture, and a combined figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.measures.resolution import aspect_ratio, bytes_per_pixel, ppi
from imagelake.measures.texture import Texture

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

COMBINED = ("ppi", "entropy", "gradient")
PREDICTED_MEASURES = ("entropy", "gradient", "quality")  # of the pixels, which are decoded for a prediction only
STEPS_PER_UNIT = 1000  # values are rounded to 0.001, far below the precision of the three measures


def add_decoding_errors(images: DataFrame, predictions: DataFrame) -> DataFrame:
    """The images with the error that decoding their pixels met, where reading the header met none."""
    met = predictions.where("error IS NOT NULL").select("image_id", F.col("error").alias("decoding_error"))
    return (
        images.join(met, "image_id", how="left")
        .withColumn("error", F.coalesce("error", "decoding_error"))
        .drop("decoding_error")
    )


def judge_sizes(images: DataFrame) -> DataFrame:
    """Add ``reason``: null for an image with a size, else no_bytes, the decoder's error, or no_size."""
    sized = (F.col("width") > 0) & (F.col("height") > 0)
    return images.withColumn(
        "reason",
        F.coalesce(
            F.when(~F.col("has_bytes"), "no_bytes"),
            "error",
            F.when(~F.coalesce(sized, F.lit(False)), "no_size"),
        ),
    )


def measure_images(images: DataFrame, predictions: DataFrame) -> DataFrame:
    """The image_quality table but for its column quality: one row an image, each of which must have a size.

    The texture was measured when the image was decoded; it is null for one that was not predicted.
    """
    sizes = images.select("image_id", "split", "width", "height", "byte_size")
    textures = predictions.select("image_id", *Texture._fields)
    width, height, pixels = F.col("width"), F.col("height"), F.col("width").cast("bigint") * F.col("height")
    return sizes.join(textures, "image_id", how="left").select(
        "image_id",
        "split",
        "width",
        "height",
        pixels.alias("pixels"),
        ppi(width, height).alias("ppi"),
        aspect_ratio(width, height).alias("aspect_ratio"),
        "byte_size",
        bytes_per_pixel(F.col("byte_size"), pixels).alias("bytes_per_pixel"),
        *Texture._fields,
    )


def combine_quality(measured: DataFrame) -> DataFrame:
    """Add ``quality``: the mean of the percentile ranks of ppi, entropy and gradient; null where one of them is.

    Args:
        measured: persisted by the caller, since the distribution of each measure is counted first.
    """
    combined = measured
    for measure in COMBINED:
        ranks = percentile_ranks(measured, measure)
        combined = combined.join(F.broadcast(ranks), _step(measure) == F.col(f"{measure}_step"), how="left")
    mean = sum((F.col(f"{measure}_percentile") for measure in COMBINED), F.lit(0.0)) / len(COMBINED)
    return combined.select(*measured.columns, mean.alias("quality"))


def percentile_ranks(measured: DataFrame, measure: str) -> DataFrame:
    """The percentile rank of every value of a measure: the share of values below it and half of those equal to it.

    Values count as equal where they round to the same 0.001, which leaves as many rows as there are different sizes
    or textures: few enough for one task to add up and for every task to look up, whatever the number of images.

    Returns:
        ``<measure>_step``: the value in thousandths; ``<measure>_percentile``: above 0 and below 1.
    """
    everything = Window.partitionBy().rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    smaller = Window.orderBy("step").rowsBetween(Window.unboundedPreceding, -1)
    below = F.coalesce(F.sum("count").over(smaller), F.lit(0))
    counts = measured.where(F.col(measure).isNotNull()).groupBy(_step(measure).alias("step")).count()
    return counts.select(
        F.col("step").alias(f"{measure}_step"),
        ((below + F.col("count") / 2) / F.sum("count").over(everything)).alias(f"{measure}_percentile"),
    )


def _step(measure: str) -> Column:
    return F.round(F.col(measure) * STEPS_PER_UNIT).cast("bigint")
