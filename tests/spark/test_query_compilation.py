"""Queries over few rows are interpreted, those over many compiled to Java, and both give the same."""

from __future__ import annotations

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from imagelake.lake.listing import FoundFile
from imagelake.runtime.query_compilation import INTERPRETED_ROWS, compiled_for
from imagelake.runtime.sources import NamedSources

WHOLE_STAGE = "spark.sql.codegen.wholeStage"


def counted(spark: SparkSession) -> DataFrame:
    """A query whose operators Spark would compile into one."""
    return spark.range(100).groupBy((F.col("id") % 7).alias("rest")).agg(F.sum("id").alias("sum"))


def is_compiled(frame: DataFrame) -> bool:
    """Whether Java was made of the query."""
    frame.collect()
    return "*(" in frame._jdf.queryExecution().executedPlan().toString()


def test_few_rows_are_interpreted(spark: SparkSession) -> None:
    """Up to the bound nothing is compiled; the rows are the same, and afterwards the session is as before."""
    before = spark.conf.get(WHOLE_STAGE)
    with compiled_for(spark, INTERPRETED_ROWS + 1):
        many = counted(spark)
        assert is_compiled(many)
    with compiled_for(spark, INTERPRETED_ROWS):
        few = counted(spark)
        assert not is_compiled(few)
        assert sorted(few.collect()) == sorted(many.collect())
    assert spark.conf.get(WHOLE_STAGE) == before


def test_a_failed_job_leaves_the_session_as_it_was(spark: SparkSession) -> None:
    """What a job has chosen does not outlive it."""
    before = spark.conf.get(WHOLE_STAGE)
    with pytest.raises(ValueError, match="failed"), compiled_for(spark, 1):
        raise ValueError("failed")
    assert spark.conf.get(WHOLE_STAGE) == before


def test_images_count_once_and_lists_by_their_size() -> None:
    """A photo of 10 MB is a row; a list of labels of 10 MB is not."""
    for name, rows in (("photo.jpg", 1), ("labels.csv", 250_000), ("images.parquet", 250_000)):
        sources = NamedSources()
        sources.of("/source")(FoundFile(name.encode(), f"file:///source/{name}", name, 10_000_000, 0))
        assert sources.rows == rows
