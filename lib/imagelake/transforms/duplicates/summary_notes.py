"""The lines of the summary of duplicates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def summary_notes(pairs: DataFrame, groups: DataFrame, conflicts: DataFrame, counts: DataFrame) -> dict[str, str]:
    """What was found, in a few numbers: name of a line and its value."""
    by_evidence = {row["evidence"]: row for row in _by_evidence(pairs).collect()}
    exact = sum(row["verified"] for name, row in by_evidence.items() if name in ("bytes", "pixels"))
    near = sum(row["verified"] for name, row in by_evidence.items() if name not in ("bytes", "pixels"))
    unverified = sum(row["pairs"] - row["verified"] for row in by_evidence.values())
    size = groups.agg(
        F.count_distinct("representative_id").alias("groups"),
        F.count("*").alias("images"),
        F.max("images").alias("most"),
    ).collect()[0]
    torn = {row["conflict"]: row["count"] for row in conflicts.groupBy("conflict").count().collect()}
    leaked = counts.where("label IS NULL AND leaked > 0").orderBy("split").collect()
    return {
        "exact duplicates": f"{exact:,} images are copies of another one, by bytes or pixels",
        "near duplicates": f"{near:,} verified pairs, and {unverified:,} more to judge",
        "groups": f"{size['groups']:,} of {size['images']:,} images, the largest of {size['most'] or 0:,}",
        "conflicts": f"{torn.get('labels', 0):,} groups under labels that exclude each other",
        "leaks": f"{torn.get('splits', 0):,} groups in several splits"
        + "".join(f"; {row['split']}: {row['leaked']:,} of {row['images']:,} images" for row in leaked),
    }


def _by_evidence(pairs: DataFrame) -> DataFrame:
    return pairs.groupBy("evidence").agg(
        F.count("*").alias("pairs"), F.count(F.when(F.col("verified"), 1)).alias("verified")
    )
