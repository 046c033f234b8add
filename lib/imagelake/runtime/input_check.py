"""Finds wrong input files before the first job of a run begins, not after hours of it."""

from __future__ import annotations

from collections.abc import Sequence

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import Inputs, LocalInputs, is_local
from imagelake.lake.storage import to_uri
from imagelake.runtime.job import Job


def check_local_inputs(jobs: Sequence[Job], config: Config) -> None:
    """Check what is on this machine; no session is needed.

    Raises:
        ImageLakeError: a file is missing, or a job refuses it.
    """
    _check(jobs, config, LocalInputs(), local=True)


def check_remote_inputs(jobs: Sequence[Job], config: Config, inputs: Inputs) -> None:
    """Check what is elsewhere, such as on HDFS.

    Raises:
        ImageLakeError: a file is missing, or a job refuses it.
    """
    _check(jobs, config, inputs, local=False)


def _check(jobs: Sequence[Job], config: Config, inputs: Inputs, local: bool) -> None:
    root = to_uri(config.lake.root)
    made = {f"{root}/{name}" for job in jobs for name in job.writes}
    for job in jobs:
        files = [file for file in job.files(config) if file not in made]
        # A job's own check may read any of its files, so it waits until all of them can be reached.
        if local == all(is_local(file) for file in files):
            job.check(config, inputs)
        for file in files:
            if is_local(file) == local and not inputs.exists(file):
                raise ImageLakeError(f"{job.name} reads {file}: there is no such file or folder")
