"""Frames with the columns of a table of the lake, from rows that name only the cells that matter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pyspark.sql import DataFrame, SparkSession

from imagelake.tables import TABLES


def table_of(spark: SparkSession, name: str, rows: Iterable[Mapping[str, Any]]) -> DataFrame:
    """A table of the lake; a cell that a row does not name is null."""
    columns = [column.name for column in TABLES[name].columns]
    return spark.createDataFrame([tuple(row.get(column) for column in columns) for row in rows], TABLES[name].ddl)


def sorted_rows(frame: DataFrame) -> list[tuple[Any, ...]]:
    """All rows in one order, whatever the partitions; nulls compare as text."""
    return sorted((tuple(row) for row in frame.collect()), key=repr)
