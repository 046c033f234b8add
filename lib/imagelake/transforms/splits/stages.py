"""How many images of each label and keyword are left after each stage on the way to a sample."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.measures.duplicate_score import Thresholds

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from imagelake.config import DuplicatesSection

STAGES = ("images", "decoded", "distinct", "unreferenced", "dissimilar", "judged")
"""Columns of sample_counts, each with what is left of the one before; judged may be more than dissimilar."""


def with_pixel_keys(images: DataFrame, predictions: DataFrame) -> DataFrame:
    """Add ``exact_key``, equal for equal pixels: their hash, else that of the bytes, else the image itself."""
    hashes = predictions.select("image_id", "pixel_hash")
    return images.join(hashes, "image_id", how="left").withColumn(
        "exact_key", F.coalesce(F.hex("pixel_hash"), "sha256", "image_id")
    )


def overruled_images(pairs: DataFrame, rules: DuplicatesSection) -> DataFrame:
    """What people's verdicts change: the worse image of each pair that the score alone would have judged otherwise.

    Args:
        pairs: the duplicate_pairs table.
        rules: the thresholds of find_duplicates.

    Returns:
        image_id, joined (a duplicate that the score does not find) and parted (what the score would take for one).
    """
    found = Thresholds.of(rules).passed(F.col("score"), F.col("ssim"), F.col("distance"))
    return (
        pairs.where("verdict IS NOT NULL")
        .groupBy(F.col("other_id").alias("image_id"))
        .agg(
            F.max((F.col("verdict") == "duplicate") & ~found).alias("joined"),
            F.max((F.col("verdict") == "different") & found).alias("parted"),
        )
    )


def count_stages(labelled: DataFrame, candidates: DataFrame, overruled: DataFrame, overlaps: DataFrame) -> DataFrame:
    """Label, keyword and the columns of STAGES.

    Args:
        labelled: every image with a label: image_id, label, keyword, group_id, exact_key and reason (null where it can
            be used).
        candidates: image_id of those that may be taken, one a group.
        overruled: as `overruled_images` gives it.
        overlaps: image_id and overlaps, of images that references hold.
    """
    rows = (
        labelled.join(candidates.select("image_id", F.lit(True).alias("chosen")), "image_id", how="left")
        .join(overruled, "image_id", how="left")
        .join(overlaps, "image_id", how="left")
        .fillna(False, ["chosen", "joined", "parted"])
        .fillna(0, ["overlaps"])
    )
    rows = _with_first(rows, "is_distinct", F.when(F.col("reason").isNull(), F.col("exact_key")))
    unreferenced = F.col("is_distinct") & (F.col("overlaps") == 0)
    # What a person has joined to a group stands by itself, and what one has taken out of a group does not.
    by_score = F.when(F.col("joined"), F.col("image_id")).otherwise(F.col("group_id"))
    rows = _with_first(rows, "is_dissimilar", F.when(unreferenced & ~F.col("parted"), by_score))
    left = (
        F.lit(True),
        F.col("reason").isNull(),
        F.col("is_distinct"),
        unreferenced,
        F.col("is_dissimilar"),
        unreferenced & F.col("chosen"),
    )
    return rows.groupBy("label", "keyword").agg(*map(_counted, left, STAGES))


def _with_first(rows: DataFrame, name: str, key: Column) -> DataFrame:
    """Add a flag, true for one of the rows of each key: one that may be taken, else that of the fewest references."""
    best = F.min(F.struct((~F.col("chosen")).alias("other"), "overlaps", "image_id")).alias("best")
    firsts = rows.withColumn("key", key).where("key IS NOT NULL").groupBy("key").agg(best)
    first = firsts.select(F.col("best.image_id").alias("image_id"), F.lit(True).alias(name))
    return rows.join(first, "image_id", how="left").fillna(False, [name])


def _counted(condition: Column, name: str) -> Column:
    return F.count_if(condition).alias(name)
