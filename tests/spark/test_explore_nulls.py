"""Null counts: one row a column, and no table's rows are forgotten."""

from __future__ import annotations

from explore_rows import found, table
from pyspark.sql import SparkSession

from imagelake.tables import TABLES
from imagelake.transforms.explore.null_counts import count_nulls


def test_nulls_are_counted_by_column(spark: SparkSession) -> None:
    """Planted nulls are found in their columns, and full columns have none."""
    classes = table(spark, "classes", {"label": None}, {"label": None, "boxable": None}, {})
    assert found(count_nulls({"classes": classes})) == [
        ("classes", "boxable", 3, 1),
        ("classes", "label", 3, 2),
        ("classes", "label_id", 3, 0),
    ]


def test_every_column_of_every_table_has_a_row(spark: SparkSession) -> None:
    """Empty tables have their columns counted too: 0 rows, 0 nulls."""
    names = ("images", "labels", "boxes", "classes", "hierarchy")
    counts = count_nulls({name: table(spark, name) for name in names})
    assert found(counts) == sorted((name, column.name, 0, 0) for name in names for column in TABLES[name].columns)


def test_a_column_may_have_any_name(spark: SparkSession) -> None:
    """Names with dots and blanks are names, not paths."""
    frame = spark.createDataFrame([(None, 1), (None, 2)], "`a.b` string, `c d` int")
    assert found(count_nulls({"odd": frame})) == [("odd", "a.b", 2, 2), ("odd", "c d", 2, 0)]
