"""How many cells of each column are null."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def count_nulls(tables: Mapping[str, DataFrame]) -> DataFrame:
    """One row a table and column: table_name, column_name, rows, nulls. Each table is scanned once."""
    return reduce(lambda one, other: one.unionByName(other), (_of_table(*pair) for pair in tables.items()))


def _of_table(name: str, frame: DataFrame) -> DataFrame:
    filled = {f"c{number}": F.count(F.col(f"`{column}`")) for number, column in enumerate(frame.columns)}
    counts = frame.agg(F.count("*").alias("rows"), *(count.alias(alias) for alias, count in filled.items()))
    columns = [
        F.struct(F.lit(column).alias("column_name"), F.col(alias).alias("filled"))
        for alias, column in zip(filled, frame.columns, strict=True)
    ]
    return counts.select("rows", F.explode(F.array(*columns)).alias("column")).select(
        F.lit(name).alias("table_name"),
        "column.column_name",
        "rows",
        (F.col("rows") - F.col("column.filled")).alias("nulls"),
    )
