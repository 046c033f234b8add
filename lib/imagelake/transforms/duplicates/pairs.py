"""The table of pairs: near ones with their evidence, and every exact copy beside the image that stands for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.duplicates.verification import BACKGROUNDS

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

MEASURED = ("ssim", "distance", "features_cosine", "whole_cosine", "thumbnail_cosine", "hash_distance", *BACKGROUNDS)

LEAK = "NOT (split <=> other_split) AS leak"


def list_pairs(copies: DataFrame, compared: DataFrame, listed_score: float) -> DataFrame:
    """The duplicate_pairs table.

    Args:
        copies: as `number_pictures` gives them.
        compared: near pairs, as `with_priority` gives them.
        listed_score: near pairs below it are left out, unless they are verified.
    """
    return _near(
        copies, compared.where((F.col("score") >= listed_score) | F.col("verified") | F.col("verdict").isNotNull())
    ).unionByName(exact_pairs(copies))


def _near(copies: DataFrame, compared: DataFrame) -> DataFrame:
    best = copies.where("best")
    one = best.select(F.col("picture").alias("first"), "image_id", "split")
    other = best.select(
        F.col("picture").alias("second"), F.col("image_id").alias("other_id"), F.col("split").alias("other_split")
    )
    return (
        compared.join(one, "first", how="inner")
        .join(other, "second", how="inner")
        .select(
            *("image_id", "other_id", "split", "other_split", F.expr(LEAK), F.lit("near").alias("evidence")),
            *(*MEASURED, "score", "priority", "verdict", "verified"),
        )
    )


def exact_pairs(copies: DataFrame) -> DataFrame:
    """Every copy of a picture beside the best one, with what is equal: bytes, pixels, or the thumbnail."""
    several = copies.groupBy("picture").agg(F.count("*").alias("images")).where("images > 1").select("picture")
    of_several = copies.join(several, "picture", how="left_semi")
    best = of_several.where("best").select(
        "picture", "image_id", "split", F.col("sha256").alias("its_sha256"), F.col("pixel_hash").alias("its_pixel_hash")
    )
    others = of_several.where("NOT best").select(
        *("picture", "sha256", "pixel_hash"),
        F.col("image_id").alias("other_id"),
        F.col("split").alias("other_split"),
    )
    evidence = (
        F.when(F.col("sha256") == F.col("its_sha256"), "bytes")
        .when(F.col("pixel_hash") == F.col("its_pixel_hash"), "pixels")
        .otherwise("thumbnail")
    )
    unmeasured = (F.lit(None).cast("int" if name == "hash_distance" else "double").alias(name) for name in MEASURED)
    return best.join(others, "picture", how="inner").select(
        *("image_id", "other_id", "split", "other_split", F.expr(LEAK), evidence.alias("evidence")),
        *unmeasured,
        F.lit(1.0).alias("score"),
        F.lit(None).cast("double").alias("priority"),
        F.lit(None).cast("string").alias("verdict"),
        F.lit(True).alias("verified"),
    )
