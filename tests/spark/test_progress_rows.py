"""The rows that a running job has read stand in its progress line."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterable, Iterator

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from imagelake.runtime.progress import Progress, Step
from imagelake.terminal import COLUMNS

TASKS, ROWS_OF_A_TASK = 6, 50


def test_rows_of_finished_tasks_are_counted(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    """While some tasks of a stage are done, the line says the rows that were read, and never more than there are."""

    def slowly(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for frame in frames:
            time.sleep(0.5)
            yield frame

    monkeypatch.setenv(COLUMNS, "120")
    shown = io.StringIO()
    rows = spark.range(0, TASKS * ROWS_OF_A_TASK, 1, TASKS).mapInPandas(slowly, "id long")
    with Progress(spark.sparkContext, shown) as progress, progress.of(Step("predict_images")):
        rows.write.format("noop").mode("overwrite").save()
    counted = [
        (int(done), int(read)) for done, read in re.findall(rf"(\d) of {TASKS} tasks, (\d+) rows", shown.getvalue())
    ]
    assert counted, shown.getvalue()
    assert all(ROWS_OF_A_TASK * done <= read <= ROWS_OF_A_TASK * TASKS for done, read in counted), counted
