"""The files that a cluster needs: built once, uploaded to HDFS once, named in one file of Spark properties."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from imagelake.cluster.submission.environment import environment_archive, training_archive
from imagelake.cluster.submission.library import library_zip
from imagelake.cluster.submission.spark import file_system_shell, spark_jars_archive
from imagelake.errors import ImageLakeError
from imagelake.installation import conf_folder

PUBLISHED_AT = "hdfs:///imagelake-runtime"
_UNPACKED = "environment"
_UNPACKED_TRAINING = "training"
_CONTAINER = "{{PWD}}"  # YARN puts the container's folder there
Say = Callable[[str], None]


@dataclass(frozen=True)
class Package:
    """The files that travel: the library goes with each submission, the others stay on HDFS.

    ``python`` is the version that the environment was made for, such as 3.11; ``training`` holds TensorFlow for
    executors that train networks, None for jobs that need none.
    """

    library: Path
    environment: Path
    spark_jars: Path
    python: str
    training: Path | None = None

    @property
    def archives(self) -> tuple[Path, ...]:
        """What stays on HDFS."""
        return (self.environment, self.spark_jars, *((self.training,) if self.training else ()))

    def sizes(self) -> str:
        """Name and size of each file, one a line."""
        return "\n".join(f"{file.stat().st_size / 1e6:8.1f} MB  {file}" for file in (self.library, *self.archives))


def build(folder: Path, python: str, say: Say, training: bool = False) -> Package:
    """Build what is missing or out of date.

    Args:
        folder: of the files.
        python: the version on the nodes, such as 3.11.
        say: called with a line before what takes a while.
        training: whether executors train networks.

    Raises:
        ImageLakeError: the executors' packages could not be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    locks = conf_folder() / "executors"
    lock = locks / "requirements.lock"
    environment = environment_archive(lock, folder, python, say)
    more = training_archive(locks / "training.lock", lock, folder, python, say) if training else None
    return Package(library_zip(folder), environment, spark_jars_archive(folder, say), python, more)


def publish(package: Package, address: str, say: Say) -> None:
    """Upload the archives to HDFS unless files of their names are there; each gets its name when it is complete.

    Raises:
        ImageLakeError: HDFS cannot be reached or refuses; the message is Hadoop's.
    """
    missing = _missing(package.archives, address)
    if not missing:
        return
    for file in missing:
        say(f"putting {file.name} ({file.stat().st_size / 1e6:.0f} MB) on {address} (once)")
    aside = f"{address}/.{os.getpid()}"
    _hdfs("-mkdir", "-p", aside)
    _hdfs("-put", *map(str, missing), aside)
    moved = file_system_shell("-mv", *(f"{aside}/{file.name}" for file in missing), address)
    _hdfs("-rm", "-r", "-skipTrash", aside)
    # Another submission may have uploaded the same file meanwhile.
    if moved.returncode and _missing(missing, address):
        raise ImageLakeError(f"hdfs dfs -mv to {address}: {moved.stderr.strip()}")


def _missing(files: Sequence[Path], address: str) -> list[Path]:
    """The archives that are not at the address; one call for all, since each call starts a JVM."""
    there = file_system_shell("-stat", "%n", *(f"{address}/{file.name}" for file in files)).stdout.split()
    return [file for file in files if file.name not in there]


def write_properties(package: Package, address: str, target: Path) -> Path:
    """conf/spark/yarn.conf and what is particular to this package, for spark-submit in client mode."""
    unpacked = {_UNPACKED: package.environment}
    if package.training:
        unpacked[_UNPACKED_TRAINING] = package.training
    search_path = ":".join(f"{_CONTAINER}/{name}" for name in unpacked)
    added = {
        "spark.yarn.archive": f"{address}/{package.spark_jars.name}",
        "spark.yarn.dist.archives": ",".join(f"{address}/{file.name}#{name}" for name, file in unpacked.items()),
        "spark.submit.pyFiles": str(package.library),
        "spark.executorEnv.PYTHONPATH": search_path,
        "spark.yarn.appMasterEnv.PYTHONPATH": search_path,
        "spark.pyspark.python": f"python{package.python}",
        "spark.pyspark.driver.python": sys.executable,
    }
    settings = (conf_folder() / "spark" / "yarn.conf").read_text(encoding="utf-8")
    aside = target.with_suffix(f".{os.getpid()}")
    aside.write_text(settings + "\n" + "".join(f"{key} {value}\n" for key, value in added.items()), encoding="utf-8")
    return aside.replace(target)


def _hdfs(*arguments: str) -> None:
    done = file_system_shell(*arguments)
    if done.returncode:
        raise ImageLakeError(f"hdfs dfs {' '.join(arguments)}: {done.stderr.strip()}")
