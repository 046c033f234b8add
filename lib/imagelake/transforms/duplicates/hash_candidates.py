"""Candidates by perceptual hash: pictures that share a quarter of its bits, each beside the best of them only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.search.cells import BOTH_SIDES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

BANDS, BITS = 4, 16


def pairs_by_hash(pictures: DataFrame, most_bits: int, leaders: int) -> DataFrame:
    """Pairs of pictures whose perceptual hashes differ in few bits: first, second.

    Hashes that differ in up to three bits are equal in one of four bands of 16 bits (Manku, Jain and Das Sarma 2007,
    Detecting near-duplicates for web crawling). Of the pictures that are equal in a band each is compared with the best
    few only: that is one comparison a picture where all of them are nearly blank, and all pairs where there are few.

    Args:
        pictures: picture, perceptual_hash and side, as `nearest_pictures` has it.
        most_bits: in which the hashes of a pair differ.
        leaders: the pictures of a band's value with which its others are compared.
    """
    shifts = F.explode(F.array(*(F.lit(BITS * band) for band in range(BANDS))))
    bands = (
        pictures.where("perceptual_hash IS NOT NULL")
        .select("picture", "perceptual_hash", "side", shifts.alias("shift"))
        .withColumn("value", F.expr(f"shiftrightunsigned(perceptual_hash, shift) & {2**BITS - 1}"))
    )
    # An aggregate instead of a window: it meets in part before the shuffle, and holds a few rows of a huge value.
    best = (
        bands.groupBy("shift", "value")
        .agg(F.expr(f"min_by(struct(picture, perceptual_hash, side), picture, {leaders})").alias("leaders"))
        .select("shift", "value", F.explode("leaders").alias("leader"))
    )
    differing = F.bit_count(F.col("leader.perceptual_hash").bitwiseXOR(F.col("perceptual_hash")))
    compared = (F.col("side") != F.col("leader.side")) | (F.col("side") == BOTH_SIDES)
    return (
        bands.join(best, ["shift", "value"], how="inner")
        .where((F.col("leader.picture") < F.col("picture")) & (differing <= most_bits) & compared)
        .select(F.col("leader.picture").alias("first"), F.col("picture").alias("second"))
        .distinct()
    )
