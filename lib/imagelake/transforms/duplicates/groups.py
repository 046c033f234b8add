"""Groups of duplicates that do not chain: each member was compared with its representative, and found to be the same.

Pictures are numbered from the best on. In this order a picture becomes a representative unless it is the duplicate of
an earlier representative: the lexicographically first maximal independent set of the graph of verified pairs. It
depends on the pairs alone, so the groups are the same however the pairs lie in partitions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

REPRESENTED = pa.schema({"representative": pa.int64(), "picture": pa.int64(), "score": pa.float64()})


def represent(pairs: DataFrame, pictures: int) -> DataFrame:
    """Which picture stands for which.

    One task reads all verified pairs once, in the order of the better picture, and holds one byte a picture: 9 MB for
    the nine million of Open Images, however long the chains are.

    Args:
        pairs: first, second and score, the pictures' numbers with first < second; verified ones, each once.
        pictures: the highest number.

    Returns:
        representative, picture and score, one row a picture that has another one to stand for it: of several the one
        that it is most alike.
    """

    def scan(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from pairs_of_representatives(batches, pictures)

    in_order = pairs.select("first", "second", "score").repartition(1).sortWithinPartitions("first", "second")
    stars = in_order.mapInArrow(scan, from_arrow_schema(REPRESENTED))
    best = F.max(F.struct("score", (-F.col("representative")).alias("earlier"))).alias("best")
    return (
        stars.groupBy("picture")
        .agg(best)
        .select((-F.col("best.earlier")).alias("representative"), "picture", F.col("best.score").alias("score"))
    )


def pairs_of_representatives(batches: Iterable[pa.RecordBatch], pictures: int) -> Iterator[pa.RecordBatch]:
    """Those of the pairs whose first picture is a representative.

    Args:
        batches: first, second and score in the order of first, which is below second.
        pictures: the highest number.
    """
    represented = np.zeros(pictures + 1, bool)
    for batch in batches:
        if not batch.num_rows:
            continue
        first, second = batch["first"].to_numpy(), batch["second"].to_numpy()
        starts = np.flatnonzero(np.r_[True, first[1:] != first[:-1]])
        stands = np.zeros(len(first), bool)
        for start, end in zip(starts, np.r_[starts[1:], len(first)], strict=True):
            # All pairs that could cover this picture have come, since their other picture is a better one.
            if not represented[first[start]]:
                represented[second[start:end]] = True
                stands[start:end] = True
        kept = batch.filter(pa.array(stands))
        yield pa.record_batch([kept["first"], kept["second"], kept["score"]], schema=REPRESENTED)


def group_images(copies: DataFrame, represented: DataFrame) -> DataFrame:
    """The duplicate_groups table: every image of a group of at least two.

    Args:
        copies: as `number_pictures` gives them.
        represented: as `represent` gives them.
    """
    numbered = copies.join(represented, "picture", how="left").withColumn(
        "group", F.coalesce("representative", "picture")
    )
    sizes = numbered.groupBy("group").agg(F.count("*").alias("images")).where("images > 1")
    best = (
        copies.where("best")
        .withColumnRenamed("picture", "group")
        .join(sizes.select("group"), "group", how="left_semi")
        .select(
            "group",
            F.col("image_id").alias("representative_id"),
            F.col("sha256").alias("its_sha256"),
            F.col("pixel_hash").alias("its_pixel_hash"),
        )
    )
    found_by = (
        F.when(F.col("image_id") == F.col("representative_id"), "representative")
        .when(F.col("sha256") == F.col("its_sha256"), "bytes")
        .when(F.col("pixel_hash") == F.col("its_pixel_hash"), "pixels")
        .when(F.col("picture") == F.col("group"), "thumbnail")
        .otherwise("near")
    )
    return (
        numbered.join(sizes, "group", how="inner")
        .join(best, "group", how="inner")
        .select(
            "image_id",
            "representative_id",
            "split",
            found_by.alias("evidence"),
            F.coalesce("score", F.lit(1.0)).alias("score"),
            "images",
        )
    )
