"""The installed Spark: where it is, its jars as one archive, and Hadoop's own command line from the same jars."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path

from imagelake.errors import ImageLakeError
from imagelake.installation import conf_folder
from imagelake.terminal import COLUMNS, columns_of

_FILE_SYSTEM_SHELL = "org.apache.hadoop.fs.FsShell"


def spark_home() -> Path:
    """The folder of the installed pyspark, which holds all of Spark.

    Raises:
        ImageLakeError: it is not installed.
    """
    found = importlib.util.find_spec("pyspark")
    if found is None or found.origin is None:
        raise ImageLakeError("pyspark is not installed: pip install pyspark, or in a checkout scripts/setup")
    return Path(found.origin).parent


def spark_jars_archive(folder: Path, say: Callable[[str], None]) -> Path:
    """``spark-jars-<version>.zip`` for spark.yarn.archive, built unless it is there.

    Jars are compressed already, so they are stored as they are.
    """
    target = folder / f"spark-jars-{version('pyspark')}.zip"
    if not target.exists():
        say(f"building {target} (once)")
        aside = folder / f".spark-jars-{os.getpid()}.zip"
        with zipfile.ZipFile(aside, "w", zipfile.ZIP_STORED) as archive:
            for jar in sorted((spark_home() / "jars").glob("*.jar")):
                archive.write(jar, jar.name)
        aside.replace(target)
    return target


def file_system_shell(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run ``hdfs dfs`` with Spark's own Hadoop client, for whatever HADOOP_CONF_DIR names."""
    command = [str(spark_home() / "bin" / "spark-class"), _FILE_SYSTEM_SHELL, *arguments]
    return subprocess.run(command, env=environment(), capture_output=True, text=True, check=False)


def environment() -> Mapping[str, str]:
    """Of a process of Spark's own scripts: what the caller has set, and what a run needs besides."""
    needed = {
        "PYSPARK_PYTHON": sys.executable,
        "SPARK_CONF_DIR": str(conf_folder() / "spark"),
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    if "HADOOP_CONF_DIR" not in os.environ:
        needed["SPARK_LOCAL_IP"] = "127.0.0.1"  # without a cluster nobody else calls this machine
    if (columns := columns_of(sys.stderr)) is not None:
        needed[COLUMNS] = str(columns)
    return {**needed, **os.environ, "SPARK_HOME": str(spark_home())}
