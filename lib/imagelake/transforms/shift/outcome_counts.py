"""What is counted of the outcomes of a model: by class, by score, by pair of images, by what it said."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pyspark.sql import functions as F
from pyspark.sql.types import NullType

from imagelake.measures.shift.confidence import BINS, FARTHEST, GROUPS, KNOWN, STEPS, STRANGE, ScoreCounts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame

_PAIRED = 0.9  # share of the images of both sets that must pair, for the comparison to be of pairs


def count_classes(outcomes: DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """By model: images (with a label) and right; and one row a model and class with labels: the same."""
    counted = F.count_if(F.col("correct").isNotNull()).alias("images"), F.count_if("correct").alias("right")
    found = outcomes.groupBy("model", "label").agg(*counted).toPandas()
    models = found.groupby("model")[["images", "right"]].sum()
    return models, found[found["images"] > 0].sort_values(["model", "label"], ignore_index=True)


def _counts() -> tuple[Column, Column]:
    return F.count("*").alias("images"), F.count_if("correct").alias("right")


def count_scores(outcomes: DataFrame, labelled: bool, labels: Mapping[str, int], own: bool) -> dict[str, ScoreCounts]:
    """The score counts of each model that has scores.

    Args:
        outcomes: of a set.
        labelled: count only those with a label.
        labels: label -> images of the set with labels, which say what classes are known; all are where it is empty.
        own: whether the outcomes are of that very set.
    """
    if isinstance(outcomes.schema["score"].dataType, NullType):
        return {}
    # As `confidence.bins_of` does, which the test holds against this.
    share = F.least(F.greatest(F.col("score"), F.lit(1e-12)), F.lit(1 - 1e-12))
    odds = F.least(F.greatest(F.log(share / (1 - share)), F.lit(float(-FARTHEST))), F.lit(float(FARTHEST)))
    counted = outcomes.where("score IS NOT NULL AND NOT isnan(score)")
    if labelled:
        counted = counted.where("correct IS NOT NULL")
    group = F.lit(KNOWN)
    if labels:
        names = outcomes.sparkSession.createDataFrame(list(labels.items()), "predicted string, others long")
        counted = counted.join(F.broadcast(names), "predicted", how="left")
        itself = F.coalesce(F.col("correct"), F.lit(False)).cast("long") if own else F.lit(0)
        group = F.when(F.col("others") > itself, KNOWN).otherwise(STRANGE)
    rows = (
        counted.groupBy("model", group.alias("group"), F.rint((odds + FARTHEST) * STEPS).cast("int").alias("bin"))
        .agg(*_counts(), F.sum("score").alias("total"))
        .toPandas()
    )
    return {str(model): _score_counts(bins) for model, bins in rows.groupby("model")}


def _score_counts(bins: pd.DataFrame) -> ScoreCounts:
    images, right = np.zeros((GROUPS, BINS)), np.zeros((GROUPS, BINS))
    cells = bins["group"], bins["bin"]
    images[cells], right[cells] = bins["images"], bins["right"]
    return ScoreCounts(images, right, float(bins["total"].sum()))


def confusion(outcomes: DataFrame, model: str) -> pd.DataFrame:
    """One row a class and prediction of one model: label, predicted, images; label is null where there is none."""
    mine = outcomes.where((F.col("model") == model) & F.col("predicted").isNotNull())
    return mine.groupBy("label", "predicted").agg(F.count("*").alias("images")).toPandas()


@dataclass(frozen=True)
class Pairs:
    """Images of both sets by one image_id and label.

    Attributes:
        both: right in both sets.
        before: right before alone.
        after: right after alone.
        neither: right in none.
    """

    both: int
    before: int
    after: int
    neither: int

    @property
    def n(self) -> int:
        """Pairs."""
        return self.both + self.before + self.after + self.neither


def count_pairs(before: DataFrame, after: DataFrame) -> dict[str, Pairs]:
    """The pairs of each model, of those models nine tenths of whose images pair in both sets.

    Args:
        before: outcomes of the one set.
        after: outcomes of the other.
    """
    keys = ["model", "image_id", "label"]
    one, other = (
        outcomes.where("correct IS NOT NULL")
        .groupBy(*keys)
        .agg(F.count("*").alias("times"), F.max("correct").alias(name))
        for outcomes, name in ((before, "was"), (after, "became"))
    )
    joined = one.withColumnRenamed("times", "once").join(other, keys, how="full")
    unique = (F.col("once") == 1) & (F.col("times") == 1)
    found = joined.groupBy("model").agg(
        F.count_if(unique & F.col("was") & F.col("became")).alias("both"),
        F.count_if(unique & F.col("was") & ~F.col("became")).alias("before"),
        F.count_if(unique & ~F.col("was") & F.col("became")).alias("after"),
        F.count_if(unique & ~F.col("was") & ~F.col("became")).alias("neither"),
        F.coalesce(F.sum("once"), F.lit(0)).alias("all_before"),
        F.coalesce(F.sum("times"), F.lit(0)).alias("all_after"),
    )
    pairs = {}
    for row in found.collect():
        made = Pairs(row["both"], row["before"], row["after"], row["neither"])
        if made.n and made.n >= _PAIRED * max(row["all_before"], row["all_after"]):
            pairs[row["model"]] = made
    return pairs


@dataclass(frozen=True)
class Duplicates:
    """Images after that are duplicates of an image before.

    Attributes:
        images: how many.
        near: of them those without equal bytes; None where only bytes could be compared.
        of: all images after.
        judged: of the duplicates those with a label.
        right: of these, those that the model is right about.
        others_judged: of the other images those with a label.
        others_right: of these, those that the model is right about.
        lakes: the roots of the sets' lakes, before and after, where they are two.
    """

    images: int
    near: int | None
    of: int
    judged: int
    right: int
    others_judged: int
    others_right: int
    lakes: tuple[str, str] | None = None


def count_duplicates(
    hashes: tuple[DataFrame, DataFrame], groups: tuple[DataFrame, DataFrame] | None, right: DataFrame | None
) -> Duplicates:
    """How many images after are in the set before as well, and how the model does on them.

    Args:
        hashes: before and after: image_id and sha256.
        groups: before and after: image_id and group, of the images with duplicates; None where near ones are not
            known.
        right: image_id and right, of the set after; None without labels.
    """
    before, after = (_keys(one, group) for one, group in zip(hashes, groups or (None, None), strict=True))
    known = before.select("key", "near").distinct()
    found = after.join(known, ["key", "near"], how="left_semi").groupBy("image_id").agg(F.min("near").alias("near"))
    marked = hashes[1].select("image_id").join(found, "image_id", how="left")
    judged = (
        marked.withColumn("right", F.lit(None).cast("boolean"))
        if right is None
        else marked.join(right, "image_id", how="left")
    )
    copied, labelled = F.col("near").isNotNull(), F.col("right").isNotNull()
    row = judged.agg(
        F.count_if(copied).alias("images"),
        F.count_if("near").alias("near"),
        F.count("*").alias("of"),
        F.count_if(copied & labelled).alias("judged"),
        F.count_if(copied & F.col("right")).alias("right"),
        F.count_if(~copied & labelled).alias("others_judged"),
        F.count_if(~copied & F.col("right")).alias("others_right"),
    ).first()
    assert row is not None
    return Duplicates(**row.asDict() | ({} if groups else {"near": None}))


def _keys(hashes: DataFrame, groups: DataFrame | None) -> DataFrame:
    """One row an image and what a duplicate of it has too: image_id, key, near."""
    equal = hashes.where("sha256 IS NOT NULL").select(
        "image_id", F.col("sha256").alias("key"), F.lit(False).alias("near")
    )
    if groups is None:
        return equal
    return equal.unionByName(groups.select("image_id", F.col("group").alias("key"), F.lit(True).alias("near")))
