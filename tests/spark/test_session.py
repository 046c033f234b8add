"""Starting a session: Spark's own race is tried again, every other error is not."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import psutil
import pytest
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.runtime.session import DAEMON, START_ATTEMPTS, start_despite_race


def failing(
    times: int, spark: SparkSession, fail: Callable[[], object]
) -> tuple[Callable[[], SparkSession], list[int]]:
    """A start that fails so many times, and the attempts it has seen."""
    attempts: list[int] = []

    def start() -> SparkSession:
        attempts.append(len(attempts))
        if len(attempts) <= times:
            fail()
        return spark

    return start, attempts


def change_while_listing(spark: SparkSession) -> None:
    """Java's own error of a list that changed while a part of it was looked at."""
    assert spark._jvm is not None
    listed = spark._jvm.java.util.ArrayList()
    part = listed.subList(0, 0)
    listed.add("filter")
    part.size()


def test_a_lost_race_is_run_again(spark: SparkSession) -> None:
    """A session that starts at the last attempt is a session."""
    start, attempts = failing(START_ATTEMPTS - 1, spark, lambda: change_while_listing(spark))
    assert start_despite_race(start) is spark
    assert len(attempts) == START_ATTEMPTS


def test_a_race_that_is_always_lost_is_an_error(spark: SparkSession) -> None:
    """Attempts end, and the error is Java's."""
    start, attempts = failing(START_ATTEMPTS, spark, lambda: change_while_listing(spark))
    with pytest.raises(Py4JJavaError, match="ConcurrentModificationException"):
        start_despite_race(start)
    assert len(attempts) == START_ATTEMPTS


def test_workers_are_forked_with_the_packages_that_they_need(spark: SparkSession) -> None:
    """A task's process comes from a daemon that has them, so that no task reads them again."""

    def loaded(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        parent = psutil.Process(os.getppid())
        mapped = {Path(part.path).name for part in parent.memory_maps()}
        found = any(name.startswith("libarrow.so") for name in mapped)
        yield from (frame.assign(command=" ".join(parent.cmdline()), found=found) for frame in frames)

    [row] = spark.range(1).mapInPandas(loaded, "id bigint, command string, found boolean").collect()
    assert DAEMON in row["command"]
    assert row["found"]


def test_other_errors_are_not_tried_again(spark: SparkSession) -> None:
    """What would fail the same way every time fails at once."""
    jvm = spark._jvm
    assert jvm is not None
    start, attempts = failing(1, spark, lambda: jvm.java.util.Optional.empty().get())
    with pytest.raises(Py4JJavaError, match="NoSuchElementException"):
        start_despite_race(start)
    assert len(attempts) == 1


@pytest.mark.parametrize(
    ("name", "hidden"),
    [
        ("spark.hadoop.fs.s3a.secret.key", True),
        ("spark.hadoop.fs.s3a.access.key", True),
        ("spark.hadoop.fs.azure.account.key.lake.dfs.core.windows.net", True),
        ("spark.hadoop.fs.credential.store", True),
        ("spark.executorEnv.OPENLINEAGE_API_KEY", True),
        ("spark.ssl.keyStorePassword", True),
        ("spark.sql.shuffle.partitions", False),
    ],
)
def test_secrets_are_not_shown_in_spark_s_pages(spark: SparkSession, name: str, hidden: bool) -> None:
    """With the project's settings, Spark's own redaction hides what authenticates from its pages and event logs."""
    assert spark._jvm is not None
    jvm: Any = spark._jvm
    conf = jvm.org.apache.spark.SparkConf(False)
    for key, value in load_config().spark.items():
        conf.set(key, value)
    conf.set(name, "open5esame")
    pairs = jvm.scala.collection.immutable.ArraySeq.unsafeWrapArray(conf.getAll())
    shown = str(jvm.org.apache.spark.util.Utils.redact(conf, pairs).mkString())
    assert ("open5esame" not in shown) is hidden
    assert name in shown


def test_addresses_in_plans_have_no_credentials() -> None:
    """What Spark shows of a plan's texts leaves out the user and the password of an address."""
    pattern = load_config().spark["spark.sql.redaction.string.regex"]
    assert re.sub(pattern, "*", "Scan s3a://key:pass@bucket/a, hdfs://nn/b@c") == "Scan s3a://*@bucket/a, hdfs://nn/b@c"
