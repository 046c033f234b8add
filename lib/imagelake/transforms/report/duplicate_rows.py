"""The rows of duplicates that the report shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

SPLITS, LABELS, CONFLICTS, GROUPS, MEMBERS = 100, 20, 6, 8, 8


def duplicate_counts_to_show(counts: DataFrame) -> DataFrame:
    """Every split, and the labels with the most leaks and conflicts."""
    splits = counts.where("label IS NULL").orderBy("split").limit(SPLITS)
    labels = (
        counts.where("label IS NOT NULL AND leaked + conflicting > 0")
        .orderBy(F.desc(F.col("leaked") + F.col("conflicting")), "label", "split")
        .limit(LABELS)
    )
    return splits.unionByName(labels)


def conflicts_to_show(conflicts: DataFrame) -> DataFrame:
    """Some groups that disagree, those in several splits first."""
    return conflicts.orderBy(F.desc("conflict"), F.desc("images"), "representative_id").limit(CONFLICTS)


def groups_to_show(groups: DataFrame) -> DataFrame:
    """Some groups, those with near duplicates first, since exact ones are all alike; of each the first images."""
    chosen = (
        groups.groupBy("representative_id")
        .agg(F.count(F.when(F.col("evidence") == "near", 1)).alias("near"))
        .orderBy(F.desc("near"), "representative_id")
        .limit(GROUPS)
    )
    first = Window.partitionBy("representative_id").orderBy(
        F.col("evidence") != "representative", F.desc("score"), "image_id"
    )
    return (
        groups.join(F.broadcast(chosen.select("representative_id")), "representative_id", how="left_semi")
        .withColumn("number", F.row_number().over(first))
        .where(F.col("number") <= MEMBERS)
        .drop("number")
    )
