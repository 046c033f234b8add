"""The spark-submit command line of a job."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Literal

from imagelake.cluster.submission.environment import THIS_PYTHON
from imagelake.cluster.submission.spark import spark_home
from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.installation import conf_folder, jobs_folder

LOCAL_FILE_OPTION = "--config"


@dataclass(frozen=True)
class Submission:
    """A job and how it is to run.

    Attributes:
        job: its name, a file of jobs/.
        arguments: the job's own.
        deploy_mode: where the driver runs; local mode knows only client.
        properties: a file of Spark properties.
        conf: single properties, which win over the file.
        python: the version on the nodes of a cluster, such as 3.11.
    """

    job: str
    arguments: tuple[str, ...]
    deploy_mode: Literal["client", "cluster"]
    properties: Path
    conf: tuple[str, ...] = ()
    python: str = THIS_PYTHON

    @property
    def is_local(self) -> bool:
        """Whether this machine does all of the work."""
        return self.properties == local_properties()

    def command(self) -> list[str]:
        """The command line.

        Raises:
            ImageLakeError: there is no such job; the message lists those that there are.
        """
        return [
            *(str(spark_home() / "bin" / "spark-submit"), "--properties-file", str(self.properties)),
            *("--name", self.job),
            *(self._of_the_mode()),
            *(part for setting in self.conf for part in ("--conf", setting)),
            *(str(job_file(self.job)), *self._own_arguments()),
        ]

    def _of_the_mode(self) -> Iterator[str]:
        if self.deploy_mode == "client":
            return
        yield from ("--deploy-mode", "cluster", "--conf", f"spark.pyspark.driver.python=python{self.python}")
        if files := config_files(self.arguments):
            yield from ("--files", ",".join(str(Path(file).resolve()) for file in files))

    def _own_arguments(self) -> Sequence[str]:
        """The job's arguments; in cluster mode, configuration files are base names in the driver's folder."""
        if self.deploy_mode == "client":
            return self.arguments
        files = set(config_files(self.arguments))
        renamed = {file: Path(file).name for file in files}
        renamed |= {f"{LOCAL_FILE_OPTION}={file}": f"{LOCAL_FILE_OPTION}={Path(file).name}" for file in files}
        return [renamed.get(argument, argument) for argument in self.arguments]


def local_properties() -> Path:
    """The Spark properties of a job that runs on this machine alone."""
    return conf_folder() / "spark" / "local.conf"


def job_file(name: str) -> Path:
    """The file of a job, named with or without its folder and ending.

    Raises:
        ImageLakeError: there is no such job; the message lists those that there are.
    """
    files = {file.stem: file for file in jobs_folder().glob("*.py")}
    if Path(name).stem not in files:
        raise unknown_choice("job", name, files)
    return files[Path(name).stem]


def config_files(arguments: Sequence[str]) -> list[str]:
    """The files that a job's ``--config`` options name.

    Raises:
        ImageLakeError: one of them does not exist.
    """
    files = [value for option, value in pairwise(arguments) if option == LOCAL_FILE_OPTION]
    files += [text.partition("=")[2] for text in arguments if text.startswith(f"{LOCAL_FILE_OPTION}=")]
    for file in files:
        if not Path(file).is_file():
            raise ImageLakeError(f"{LOCAL_FILE_OPTION} {file}: there is no such file")
    return files
