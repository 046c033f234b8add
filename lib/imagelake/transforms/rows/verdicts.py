"""Rows with a column of reasons: the kept ones, the rejected ones and the counts by reason."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame


def first_reason(reasons: Mapping[str, Column]) -> Column:
    """The name of the first condition that holds; null where none does."""
    return F.coalesce(*(F.when(condition, reason) for reason, condition in reasons.items()))


def kept(judged: DataFrame) -> DataFrame:
    """The rows without a reason, and without the column."""
    return judged.where(F.col("reason").isNull()).drop("reason")


def rejected(judged: DataFrame) -> DataFrame:
    """The rows with a reason."""
    return judged.where(F.col("reason").isNotNull())


def count_by_reason(rows: DataFrame) -> dict[str, int]:
    """How many rows were dropped for each reason."""
    return {row["reason"]: row["count"] for row in rows.groupBy("reason").count().orderBy("reason").collect()}


def count_reasons_of(frames: Mapping[str, DataFrame]) -> dict[str, dict[str, int]]:
    """The same of several frames by name, in one Spark query; rows without a reason count as those of ``None``."""
    named = [rows.select(F.lit(name).alias("name"), "reason") for name, rows in frames.items()]
    together = reduce(lambda one, other: one.unionByName(other), named)
    found: dict[str, dict[str, int]] = {name: {} for name in frames}
    for row in together.groupBy("name", "reason").count().orderBy("name", "reason").collect():
        found[row["name"]][row["reason"]] = row["count"]
    return found
