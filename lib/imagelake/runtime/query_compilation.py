"""Whether Spark compiles its queries to Java: for a few rows, making the classes takes longer than they save."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyspark.sql import SparkSession

INTERPRETED_ROWS = 5_000
"""Up to so many rows in each of its inputs, a job's queries are interpreted: a tenth less processor time for the whole
pipeline, for four photos and for 1,212."""
_INTERPRETED = {
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    # Spark makes a text of each plan for its pages, and the long form is a tenth of all planning.
    "spark.sql.ui.explainMode": "simple",
}


@contextmanager
def compiled_for(spark: SparkSession, rows: int) -> Iterator[None]:
    """Run queries in the way that suits the rows; properties that were given to Spark win.

    Args:
        spark: the session.
        rows: of the largest input.
    """
    given = spark.sparkContext.getConf()
    small = rows <= INTERPRETED_ROWS
    chosen = {name: value for name, value in _INTERPRETED.items() if small and not given.contains(name)}
    for name, value in chosen.items():
        spark.conf.set(name, value)
    try:
        yield
    finally:
        for name in chosen:
            spark.conf.unset(name)
