"""The Spark session of a job, in local mode and under spark-submit alike."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from pyspark import SparkConf
from pyspark.sql import SparkSession


def start_session(name: str, settings: Mapping[str, str]) -> SparkSession:
    """A session with the configuration's settings, except where spark-submit was given another value.

    Args:
        name: what the job is called in Spark's and YARN's pages.
        settings: the configuration's [spark] section.
    """
    conf = SparkConf()
    for key, value in settings.items():
        conf.setIfMissing(key, value)
    conf.setIfMissing("spark.app.name", name)
    conf.setIfMissing("spark.ui.showConsoleProgress", "false")
    if conf.get("spark.master", "local").startswith("local"):
        # A worker of another Python version refuses the driver's functions.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    spark = SparkSession.builder.config(conf=conf).getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    return spark
