"""Stratified splits that no group crosses.

Within each label every split gets its share, exact to one image (largest remainder). Groups of several images are dealt
first, the largest first, each to the split that lacks the most; single images fill up what is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import pandas as pd
from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.measures.allocation import deal_groups, largest_remainder, remaining_quotas
from imagelake.transforms.rows.row_numbers import add_row_numbers
from imagelake.transforms.splits.units import random_order

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

UNLABELLED = ""  # pandas groups by null as well, but calls it NaN


def split_images(images: DataFrame, shares: Mapping[str, float], seed: int) -> DataFrame:
    """Each image's split: image_id, split, label (the stratum), group_id and previous_split.

    Args:
        images: image_id, label, group_id and split, those that are to be split.
        shares: of the splits, which add up to 1.
        seed: another one gives another choice; the same one the same, whatever the partitions.
    """
    names, weights = list(shares), list(shares.values())
    groups = _groups(images).persist(StorageLevel.DISK_ONLY)
    dealt = _deal(groups, names, weights, seed).persist(StorageLevel.DISK_ONLY)
    singles = add_row_numbers(groups.where("size = 1"), "number", random_order("group_id", seed), within=("stratum",))
    bounds = _bounds(groups, dealt, names, weights)
    earlier = F.size(F.filter("bounds", lambda bound: bound < F.col("number")))
    filled = singles.join(F.broadcast(bounds), "stratum", how="inner").select(
        "group_id", F.element_at(F.array(*map(F.lit, names)), earlier + 1).alias("new_split"), "stratum"
    )
    chosen = dealt.select("group_id", "new_split", "stratum").unionByName(filled)
    return images.join(chosen, "group_id", how="inner").select(
        "image_id",
        F.col("new_split").alias("split"),
        F.nullif("stratum", F.lit(UNLABELLED)).alias("label"),
        "group_id",
        F.col("split").alias("previous_split"),
    )


def _groups(images: DataFrame) -> DataFrame:
    """group_id, stratum (the label of most of its images, the first by name of equally frequent ones) and size."""
    by_label = images.groupBy("group_id", F.coalesce("label", F.lit(UNLABELLED)).alias("stratum")).count()
    most = F.min(F.struct((-F.col("count")).alias("rarity"), "stratum")).alias("most")
    return (
        by_label.groupBy("group_id")
        .agg(most, F.sum("count").alias("size"))
        .select("group_id", F.col("most.stratum").alias("stratum"), "size")
    )


def _deal(groups: DataFrame, names: Sequence[str], weights: Sequence[float], seed: int) -> DataFrame:
    """The splits of the groups of several images: group_id, stratum, size, new_split."""
    totals = groups.groupBy("stratum").agg(F.sum("size").alias("total"))
    hashed, _ = random_order("group_id", seed)
    several = groups.where("size > 1").join(F.broadcast(totals), "stratum", how="inner").withColumn("hash", hashed)

    def deal(stratum: pd.DataFrame) -> pd.DataFrame:
        ordered = stratum.sort_values(["size", "hash", "group_id"], ascending=[False, True, True])
        quotas = largest_remainder(int(ordered["total"].iloc[0]), weights)
        parts = deal_groups(ordered["size"].tolist(), quotas)
        return ordered.assign(new_split=[names[part] for part in parts])[["group_id", "stratum", "size", "new_split"]]

    return several.groupBy("stratum").applyInPandas(
        deal, "group_id string, stratum string, size bigint, new_split string"
    )


def _bounds(groups: DataFrame, dealt: DataFrame, names: Sequence[str], weights: Sequence[float]) -> DataFrame:
    """For each stratum the row numbers of single images at which the splits end: stratum, bounds."""
    taken = [F.sum(F.when(F.col("new_split") == name, F.col("size")).otherwise(0)) for name in names]
    taken_by = dealt.groupBy("stratum").agg(F.array(*taken).alias("taken"))
    totals = groups.groupBy("stratum").agg(F.sum("size").alias("total")).join(taken_by, "stratum", how="left")

    def bound(strata: pd.DataFrame) -> pd.DataFrame:
        ends = [
            _ends(int(total), weights, [0] * len(names) if taken is None else [int(count) for count in taken])
            for total, taken in zip(strata["total"], strata["taken"], strict=True)
        ]
        return strata.assign(bounds=pd.Series(ends, index=strata.index, dtype=object))[["stratum", "bounds"]]

    return totals.mapInPandas(lambda batches: map(bound, batches), "stratum string, bounds array<bigint>")


def _ends(total: int, weights: Sequence[float], taken: Sequence[int]) -> list[int]:
    left = remaining_quotas(largest_remainder(total, weights), taken)
    return [sum(left[: part + 1]) for part in range(len(left) - 1)]


def keep_splits(images: DataFrame, protected: Sequence[str]) -> DataFrame:
    """The splits as they are, less the images that leak: the columns of `split_images` and ``reason``.

    The images of a group stay in the first of the protected splits that it lies in, those in other splits are leaks. A
    split that is not among the protected ones comes after them, by name.

    Args:
        images: image_id, label, group_id and split.
        protected: splits, the most important one first.
    """
    position = F.coalesce(
        *(F.when(F.col("split") == name, F.lit(number)) for number, name in enumerate(protected)),
        F.lit(len(protected)),
    )
    first = images.groupBy("group_id").agg(F.min(F.struct(position.alias("position"), "split")).alias("first"))
    leaked = ~F.col("split").eqNullSafe(F.col("first.split"))
    return images.join(first, "group_id", how="inner").select(
        "image_id",
        "split",
        "label",
        "group_id",
        F.col("split").alias("previous_split"),
        F.when(leaked, "leaked").alias("reason"),
    )


def count_splits(splits: DataFrame, shares: Mapping[str, float] | None) -> DataFrame:
    """The split_counts table: images of each label and split, and by how much they miss what was wanted.

    Args:
        splits: image_id, split and label.
        shares: what was wanted; None where the splits were kept.
    """
    counts = splits.groupBy("label", "split").agg(F.count("*").alias("images"))
    if shares is None:
        unknown = F.lit(None)
        return counts.withColumns({"wanted": unknown.cast("double"), "deviation": unknown.cast("double")})
    wanted = F.explode(
        F.array(*(F.struct(F.lit(name).alias("split"), F.lit(share).alias("share")) for name, share in shares.items()))
    )
    totals = splits.groupBy("label").agg(F.count("*").alias("total")).select("label", "total", wanted.alias("one"))
    cells = totals.select("label", "total", F.col("one.split").alias("split"), F.col("one.share").alias("share"))
    same = (F.col("cells.split") == F.col("counts.split")) & F.col("cells.label").eqNullSafe(F.col("counts.label"))
    images = F.coalesce("images", F.lit(0))
    return (
        cells.alias("cells")
        .join(counts.alias("counts"), same, how="left")
        .select(
            F.col("cells.label").alias("label"),
            F.col("cells.split").alias("split"),
            images.alias("images"),
            (F.col("total") * F.col("share")).alias("wanted"),
            (images - F.col("total") * F.col("share")).alias("deviation"),
        )
    )
