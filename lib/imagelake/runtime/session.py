"""The Spark session of a job, in local mode and under spark-submit alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

LOCAL = "local[*]"
START_ATTEMPTS = 3


def submitted_conf() -> SparkConf:
    """What spark-submit was given; nothing where Python itself was started."""
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        # spark-submit's JVM runs already, and only it knows; without this the conf would be empty.
        SparkContext._ensure_initialized()
    return SparkConf()


def is_local() -> bool:
    """Whether Spark's master is this machine itself."""
    return (submitted_conf().get("spark.master") or LOCAL).startswith("local")


def start_session(name: str, settings: Mapping[str, str]) -> SparkSession:
    """A session with the configuration's settings, except where spark-submit was given another value.

    Args:
        name: what the job is called in Spark's and YARN's pages.
        settings: the configuration's [spark] section.
    """
    conf = submitted_conf()
    for key, value in settings.items():
        conf.setIfMissing(key, value)
    conf.setIfMissing("spark.app.name", name)
    conf.setIfMissing("spark.master", LOCAL)
    conf.setIfMissing("spark.ui.showConsoleProgress", "false")
    if is_local():
        # A worker of another Python version refuses the driver's functions.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = start_despite_race(SparkSession.builder.config(conf=conf).getOrCreate)
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def start_despite_race(start: Callable[[], SparkSession]) -> SparkSession:
    """Start a session, again where Spark lost a race against itself.

    In client mode on YARN the application master registers its filter with Spark's pages while the driver still adds
    them, and the server that holds both in one list may then refuse to start. Spark has cleaned up after itself by the
    time it says so.

    Raises:
        Py4JJavaError: another error, or the same in every attempt.
    """
    for _ in range(START_ATTEMPTS - 1):
        try:
            return start()
        except Py4JJavaError as error:
            if "ConcurrentModificationException" not in str(error):
                raise
    return start()
