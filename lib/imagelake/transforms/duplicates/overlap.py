"""Which images of a lake another lake holds as well: by identifier, bytes, pixels, or as near duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.duplicates.near import Pictures, near_pairs
from imagelake.transforms.duplicates.pictures import count_copies, number_pictures
from imagelake.transforms.duplicates.spaces import learn_spaces, least_cosines
from imagelake.transforms.duplicates.verification import Keep

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

    from imagelake.config import DuplicatesSection

OWN, OTHER = 0, 1
COMPARED = ("images", "predictions", "image_quality")
"""The tables of a lake that another one is compared with."""


def overlap_by_image_id(images: DataFrame, others: DataFrame) -> DataFrame:
    """The images of equal identifiers: image_id, split, reference_id, evidence, score, verified."""
    return images.join(others.select("image_id"), "image_id", how="left_semi").select(
        "image_id",
        "split",
        F.col("image_id").alias("reference_id"),
        F.lit("image_id").alias("evidence"),
        F.lit(1.0).alias("score"),
        F.lit(True).alias("verified"),
    )


def overlap(
    own: Mapping[str, DataFrame],
    other: Mapping[str, DataFrame],
    rules: DuplicatesSection,
    with_features: bool,
    keep: Keep,
) -> DataFrame:
    """The images that both lakes hold, the columns of `overlap_by_image_id`.

    Pictures of both lakes are numbered together, and compared across lakes only. An image that is there exactly has one
    row; another one has a row for each picture of the other lake that is like it.

    Args:
        own: the tables of COMPARED of this lake.
        other: those of the other one.
        rules: how far to look, and when two pictures are one.
        with_features: whether the features of both lakes can be compared.
        keep: stores what several steps read.
    """
    both = {name: _marked(own[name], OWN).unionByName(_marked(other[name], OTHER)) for name in COMPARED}
    copies = keep("copies", number_pictures(both["images"], both["predictions"], both["image_quality"]))
    mine = copies.where(F.col("own_side") == OWN)
    theirs = copies.where(F.col("own_side") == OTHER)
    exact = keep("exact", _exact(mine, theirs))
    _, count = count_copies(copies)
    spaces = learn_spaces(both["predictions"], count, least_cosines(rules, with_features))
    compared = near_pairs(Pictures(copies, both["predictions"], spaces), rules, keep)
    near = _near(mine.join(exact, "image_id", how="left_anti"), theirs, compared, rules.listed_score)
    found = exact.unionByName(near)
    return found.withColumns({name: F.substring(name, 2, 2**31 - 1) for name in ("image_id", "reference_id")})


def _marked(table: DataFrame, side: int) -> DataFrame:
    """The rows with the side before their image_id, since two lakes may name different images alike."""
    return table.withColumns({"side": F.lit(side), "image_id": F.concat(F.lit(str(side)), "image_id")})


def _exact(mine: DataFrame, theirs: DataFrame) -> DataFrame:
    """Images whose picture the other lake has, with the strongest thing that is equal."""
    found = mine
    for key in ("sha256", "pixel_hash", "picture"):
        firsts = theirs.where(F.col(key).isNotNull()).groupBy(key).agg(F.min("image_id").alias(f"by_{key}"))
        found = found.join(firsts, key, how="left")
    evidence = (
        F.when(F.col("by_sha256").isNotNull(), "bytes")
        .when(F.col("by_pixel_hash").isNotNull(), "pixels")
        .otherwise("thumbnail")
    )
    reference = F.coalesce("by_sha256", "by_pixel_hash", "by_picture")
    return found.where(reference.isNotNull()).select(
        "image_id",
        "split",
        reference.alias("reference_id"),
        evidence.alias("evidence"),
        F.lit(1.0).alias("score"),
        F.lit(True).alias("verified"),
    )


def _near(mine: DataFrame, theirs: DataFrame, compared: DataFrame, listed_score: float) -> DataFrame:
    """Every image beside the pictures of the other lake that were compared with its own."""
    listed = compared.where((F.col("score") >= listed_score) | F.col("verified"))
    directions = [
        listed.select(F.col(one).alias("picture"), F.col(other).alias("other_picture"), "score", "verified")
        for one, other in (("first", "second"), ("second", "first"))
    ]
    names = theirs.groupBy("picture").agg(F.min("image_id").alias("reference_id"))
    return (
        directions[0]
        .unionByName(directions[1])
        .join(mine.select("picture", "image_id", "split"), "picture", how="inner")
        .join(names.withColumnRenamed("picture", "other_picture"), "other_picture", how="inner")
        .select("image_id", "split", "reference_id", F.lit("near").alias("evidence"), "score", "verified")
    )


def count_overlap(images: DataFrame, found: DataFrame, labels_clean: DataFrame, reference: str) -> DataFrame:
    """The rows of overlap_counts for one reference.

    Args:
        images: image_id and split of this lake.
        found: image_id, evidence and verified.
        labels_clean: of this lake.
        reference: the other lake's root.
    """
    exact = F.col("evidence").isin("image_id", "bytes", "pixels")
    by_image = found.where("verified").groupBy("image_id").agg(F.max(exact).alias("exactly"))
    whole = images.select("image_id", "split").join(by_image, "image_id", how="left")
    labels = labels_clean.select("image_id", "label").distinct()
    return (
        whole.withColumn("label", F.lit(None).cast("string"))
        .unionByName(whole.join(labels, "image_id", how="inner"))
        .groupBy("split", "label")
        .agg(
            F.count("*").alias("images"),
            F.count(F.when(F.col("exactly"), 1)).alias("exact"),
            F.count(F.when(~F.col("exactly"), 1)).alias("near"),
        )
        .withColumn("reference", F.lit(reference))
    )
