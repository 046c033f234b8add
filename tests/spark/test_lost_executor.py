"""An executor that runs out of memory ends a job with one line that says what to give it."""

from __future__ import annotations

import subprocess
import sys

import pytest

# Executors of local-cluster are processes of their own, as on a cluster; this one's Java has no room for 1.6 GB.
PROGRAM = """
import os, pyspark
os.environ["SPARK_HOME"] = os.path.dirname(pyspark.__file__)
from pyspark.sql import functions as F
from imagelake.lake.remedies import refusal
from imagelake.lake.storage import JAVA_ERRORS
from imagelake.runtime.session import start_session

spark = start_session("lost executor", {
    "spark.master": "local-cluster[1,1,600]", "spark.executor.memory": "600m", "spark.task.maxFailures": "1",
    "spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1", "spark.ui.enabled": "false",
})
spark.sparkContext.setLogLevel("OFF")
numbers = F.sequence(F.lit(0), F.lit(200_000_000) + F.col("id"))
try:
    spark.range(0, 1, 1, 1).select(F.size(numbers)).collect()
except JAVA_ERRORS as error:
    print("REFUSED", refusal(str(error)))
spark.stop()
"""


@pytest.mark.tried("No room, no rights", "an executor whose Java runs out of memory", "one line with the remedy")
def test_an_executor_without_memory_is_one_line_with_the_remedy() -> None:
    """Java's own error, where the executor could still send it, or Spark's that the executor is lost."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, timeout=300, check=False)
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("REFUSED")] or [done.stdout + done.stderr]
    assert "OutOfMemoryError" in line or "ExecutorLostFailure" in line
    assert "spark.executor.memory" in line
