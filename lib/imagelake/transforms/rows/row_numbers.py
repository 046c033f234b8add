"""The place of every row in an order, without one task that sees them all."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F
from pyspark.sql.window import Window

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame

ROW_BITS = 33  # monotonically_increasing_id puts the partition above the row's number, which has this many bits


def add_row_numbers(rows: DataFrame, name: str, order: Sequence[Column], within: Sequence[str] = ()) -> DataFrame:
    """Add the place of each row, 1 for the first, within groups or over all rows.

    A window without groups, or with one huge group, would sort everything in one task. Here Spark sorts by range: each
    partition holds one stretch of the order. How many rows of a group lie in the partitions before is counted, and
    added to the row's number in its own. Sorted rows are kept on disk, because the counts must be of the very same
    partitions.

    Args:
        rows: any frame.
        name: of the new column.
        order: columns whose values together are different for each row of a group, or places are not deterministic.
        within: the columns that make a group; nulls are a group like any other.
    """
    in_order = (
        rows.orderBy(*within, *order)
        .withColumn("_row", F.monotonically_increasing_id())
        .withColumn("_partition", F.shiftrightunsigned("_row", ROW_BITS))
        .persist(StorageLevel.DISK_ONLY)
    )
    starts = _starts(in_order, within)
    same_run = [F.col(f"rows.{column}").eqNullSafe(F.col(f"starts.{column}")) for column in (*within, "_partition")]
    return (
        in_order.alias("rows")
        .join(F.broadcast(starts).alias("starts"), reduce(lambda left, right: left & right, same_run), how="inner")
        .select("rows.*", (F.col("_row") - F.col("_first") + F.col("_before") + 1).alias(name))
        .drop("_row", "_partition")
    )


def _starts(in_order: DataFrame, within: Sequence[str]) -> DataFrame:
    """One row a group and partition: its first row there, and how many of its rows the partitions before hold."""
    runs = in_order.groupBy(*within, "_partition").agg(F.min("_row").alias("_first"), F.count("*").alias("_rows"))
    earlier = Window.partitionBy(*within).orderBy("_partition").rowsBetween(Window.unboundedPreceding, -1)
    return runs.withColumn("_before", F.coalesce(F.sum("_rows").over(earlier), F.lit(0))).drop("_rows")
