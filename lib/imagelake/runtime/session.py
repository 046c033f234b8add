"""The Spark session of a job, in local mode and under spark-submit alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping

from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark import SparkConf, SparkContext
from pyspark.sql import SparkSession

from imagelake.runtime.java_names import remember_java_names

LOCAL = "local[*]"
START_ATTEMPTS = 3
DAEMON = "imagelake.runtime.python_daemon"


def submitted_conf() -> SparkConf:
    """The properties that spark-submit was given; none under plain Python."""
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        # spark-submit's JVM is running and has them; without this the conf would be empty.
        SparkContext._ensure_initialized()
    return SparkConf()


def is_local() -> bool:
    """Whether Spark's master is this machine itself."""
    return (submitted_conf().get("spark.master") or LOCAL).startswith("local")


def start_session(name: str, settings: Mapping[str, str]) -> SparkSession:
    """Start a session with the configuration's settings; properties given to spark-submit win.

    Args:
        name: the application's name in the pages of Spark and YARN.
        settings: the configuration's [spark] section.
    """
    conf = submitted_conf()
    for key, value in settings.items():
        conf.setIfMissing(key, value)
    conf.setIfMissing("spark.app.name", name)
    conf.setIfMissing("spark.master", LOCAL)
    conf.setIfMissing("spark.ui.showConsoleProgress", "false")
    # Else each call of a frame or column first tells Java where it stands in the code: a tenth of a small run.
    conf.setIfMissing("spark.python.sql.dataFrameDebugging.enabled", "false")
    if is_local():
        # Workers must have the driver's Python version.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        conf.setIfMissing("spark.python.daemon.module", DAEMON)
    remember_java_names()
    spark = start_despite_race(SparkSession.builder.config(conf=conf).getOrCreate)
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def start_despite_race(start: Callable[[], SparkSession]) -> SparkSession:
    """Start a session; retried after a known race condition of Spark.

    In client mode on YARN the application master adds its filter to Spark's web server while the driver still adds
    pages, and the server may then fail to start. Spark has cleaned up when it raises the error.

    Raises:
        Py4JJavaError: another error, or this one in every attempt.
    """
    for _ in range(START_ATTEMPTS - 1):
        try:
            return start()
        except Py4JJavaError as error:
            if "ConcurrentModificationException" not in str(error):
                raise
    return start()
