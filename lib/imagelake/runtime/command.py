"""The command line that all jobs share: options, error messages and exit codes."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from rich.console import Console

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.input_check import check_local_inputs, check_remote_inputs
from imagelake.runtime.job import Job, execute
from imagelake.runtime.options import config_of, job_parser, shortcut_settings
from imagelake.runtime.progress import Progress
from imagelake.runtime.session import is_local, start_session
from imagelake.runtime.summary import print_outcome

FAILED, UNUSABLE = 1, 2


def main(job: Job, arguments: Sequence[str] | None = None) -> int:
    """Run one job from the command line; returns the exit code: 0 done or skipped, 1 failed, 2 unusable arguments."""
    options = job_parser(job).parse_args(arguments)
    try:
        config = config_of(options, shortcut_settings(job, options), is_local())
    except ImageLakeError as error:
        return _fail(job.name, error, UNUSABLE)
    return run_jobs([job], config, options.force)


def run_jobs(jobs: Sequence[Job], config: Config, force: bool = False) -> int:
    """Run jobs one after the other in one session; the first that fails ends it. Returns the exit code.

    The input files of all of them are checked first: those of this machine before the session starts.
    """
    title = jobs[0].name if len(jobs) == 1 else "imagelake pipeline"
    try:
        check_local_inputs(jobs, config)
    except ImageLakeError as error:
        return _fail(title, error, UNUSABLE)
    spark = start_session(title, config.spark)
    console = Console(soft_wrap=True, highlight=False)
    try:
        lake = Lake(spark, config.lake.root)
        try:
            check_remote_inputs(jobs, config, lake.storage)
        except ImageLakeError as error:
            return _fail(title, error, UNUSABLE)
        for job in jobs:
            try:
                with Progress(spark.sparkContext, job.name):
                    outcome = execute(job, lake, config, force)
            except ImageLakeError as error:
                return _fail(job.name, error, FAILED)
            print_outcome(outcome, console)
    finally:
        spark.stop()
    return 0


def _fail(name: str, error: ImageLakeError, code: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"\n{name}: {error}\n")
    return code
