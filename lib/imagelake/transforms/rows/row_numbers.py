"""The row number of every row in an order, without a single task for all rows."""

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
    """Add the row number of each row, from 1, within groups or over all rows.

    A window without groups, or with one huge group, would sort everything in one task. Here Spark sorts by range, so
    that each partition holds consecutive rows; the number of a group's rows in earlier partitions is added to the row
    number within the partition. Sorted rows are kept on disk, because the counts must be of the same partitions.

    Args:
        rows: any frame.
        name: of the new column.
        order: columns that are unique together within a group, else row numbers are not deterministic.
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
