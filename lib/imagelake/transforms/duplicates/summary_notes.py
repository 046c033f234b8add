"""The lines of the summary of duplicates."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

EXACT = ("bytes", "pixels")
NUMBERS = ("first", "second", "third")


def summary_notes(pairs: DataFrame, groups: DataFrame, conflicts: DataFrame, counts: DataFrame) -> dict[str, str]:
    """What was found, in a few numbers: name of a line and its value."""
    of_groups = (F.count_distinct("representative_id"), F.count("*"), F.max("images"))
    of_splits = (F.first("leaked"), F.first("images"))
    parts = [
        _counted(pairs, "evidence", F.count("*"), F.count(F.when(F.col("verified"), 1))),
        _counted(groups, None, *of_groups),
        _counted(conflicts, "conflict", F.count("*")),
        _counted(counts.where("label IS NULL AND leaked > 0"), "split", *of_splits),
    ]
    # As one action: for a small lake the start of each costs more than what it counts.
    numbered = (part.withColumn("part", F.lit(number)) for number, part in enumerate(parts))
    found = reduce(lambda one, other: one.unionByName(other), numbered).orderBy("part", "name").collect()
    evidence, (size,), torn, leaked = ([row for row in found if row["part"] == part] for part in range(len(parts)))
    exact = sum(row["second"] for row in evidence if row["name"] in EXACT)
    near = sum(row["second"] for row in evidence if row["name"] not in EXACT)
    unverified = sum(row["first"] - row["second"] for row in evidence)
    groups_by_conflict = {row["name"]: row["first"] for row in torn}
    return {
        "exact duplicates": f"{exact:,} images are copies of another one, by bytes or pixels",
        "near duplicates": f"{near:,} verified pairs, and {unverified:,} more to judge",
        "groups": f"{size['first']:,} of {size['second']:,} images, the largest of {size['third'] or 0:,}",
        "conflicts": f"{groups_by_conflict.get('labels', 0):,} groups under labels that exclude each other",
        "leaks": f"{groups_by_conflict.get('splits', 0):,} groups in several splits"
        + "".join(f"; {row['name']}: {row['first']:,} of {row['second']:,} images" for row in leaked),
    }


def _counted(rows: DataFrame, by: str | None, *numbers: Column) -> DataFrame:
    """Up to three numbers by name, or of all rows: name, first, second, third."""
    named = [number.alias(name) for number, name in zip(numbers, NUMBERS, strict=False)]
    missing = [F.lit(None).cast("bigint").alias(name) for name in NUMBERS[len(named) :]]
    grouped = rows.groupBy(F.col(by).alias("name")).agg(*named) if by else rows.agg(*named)
    name = F.col("name") if by else F.lit(None).cast("string").alias("name")
    kept = (F.col(one).cast("bigint").alias(one) for one in NUMBERS[: len(named)])
    return grouped.select(name, *kept, *missing)
