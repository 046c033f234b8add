"""The command line that all jobs share: options, error messages and exit codes."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress

from rich.console import Console

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.net.credentials import without_credentials
from imagelake.runtime.failures import in_one_line, keep_trace
from imagelake.runtime.input_check import check_local_inputs, check_remote_inputs
from imagelake.runtime.job import Job, Outcome, execute
from imagelake.runtime.lineage import sender
from imagelake.runtime.options import config_of, job_parser, shortcut_settings
from imagelake.runtime.progress import Progress, Step
from imagelake.runtime.run_size import QUICK_IMAGES, is_small
from imagelake.runtime.schedule import run_at_once
from imagelake.runtime.session import is_local, start_session
from imagelake.runtime.summary import print_outcome
from imagelake.runtime.tracking import require_client
from imagelake.terminal import columns_of

FAILED, UNUSABLE, ALARM = 1, 2, 3
INTERRUPTED = 130  # as shells call a process that Ctrl+C ends
JOBS_AT_ONCE = 2  # of a small run


def main(job: Job, arguments: Sequence[str] | None = None) -> int:
    """Run one job from the command line; returns the exit code.

    0 done or skipped, 1 failed, 2 unusable arguments, 3 done, but a limit is passed, 130 interrupted.
    """
    options = job_parser(job).parse_args(arguments)
    try:
        config = config_of(options, shortcut_settings(job, options), is_local())
    except ImageLakeError as error:
        return _fail(job.name, error, UNUSABLE)
    return run_jobs([job], config, options.force, options.verbose)


def run_jobs(jobs: Sequence[Job], config: Config, force: bool = False, verbose: bool = False) -> int:
    """Run jobs in one Spark application; the first that fails ends it. Returns the exit code.

    The input files of all of them are checked first: those of this machine before Spark starts. In a small run two jobs
    that do not need each other run at once, because planning a query keeps one core busy, and the rest takes little.

    Args:
        jobs: which.
        config: their configuration.
        force: whether they run where nothing has changed.
        verbose: whether an error that nobody foresaw shows its stack trace, and Spark its own errors.
    """
    title = jobs[0].name if len(jobs) == 1 else "imagelake pipeline"
    name, spark, code = title, None, FAILED
    console = Console(soft_wrap=True, highlight=False, width=columns_of(sys.stdout))
    # A JVM that is gone is reported below, once; Py4J logs it with a trace, some of it by the root logger.
    logging.getLogger("py4j").setLevel(logging.CRITICAL)
    logging.getLogger().addFilter(_is_not_of_py4j)
    try:
        sender(config.lineage)
        if any("mlflow" in job.settings for job in jobs):
            require_client(config.mlflow)
        check_local_inputs(jobs, config)
    except ImageLakeError as error:
        return _fail(title, error, UNUSABLE)
    try:
        spark = start_session(title, config.spark)
        if is_local() and not verbose:
            spark.sparkContext.setLogLevel("FATAL")  # of a task that fails, the job's own error tells the same
        lake = Lake(spark, config.lake.root)
        code = UNUSABLE
        check_remote_inputs(jobs, config, lake.storage)
        code = FAILED
        steps = {job.name: Step(job.name, number, len(jobs)) for number, job in enumerate(jobs, 1)}
        with lake.storage.listing_once(), Progress(spark.sparkContext) as progress:

            def run(job: Job) -> Outcome:
                # Of this thread: tasks of jobs in pools of their own take turns, where Spark's scheduler is fair.
                lake.spark.sparkContext.setLocalProperty("spark.scheduler.pool", job.name)
                with progress.of(steps[job.name]):
                    return execute(job, lake.in_new_session(), config, force)

            for job, ended in run_at_once(jobs, run, _jobs_at_once(config), spark.stop):
                name = job.name
                print_outcome(ended.result(), console)
                if (alarm := job.alarm(lake)) is not None:
                    return _fail(name, ImageLakeError(alarm), ALARM)
    except ImageLakeError as error:
        return _fail(name, error, code)
    except KeyboardInterrupt:
        return _fail(title, ImageLakeError("interrupted: what is published stays, the next run goes on"), INTERRUPTED)
    except Exception as error:
        return _fail_unforeseen(name, error, verbose)
    finally:
        if spark is not None:
            with suppress(Exception):  # a JVM that is gone cannot be stopped
                spark.stop()
    return 0


def _jobs_at_once(config: Config) -> int:
    """Large runs take one job after the other: what their memory holds is stated for one."""
    return JOBS_AT_ONCE if is_local() and is_small(config, QUICK_IMAGES) else 1


def _is_not_of_py4j(record: logging.LogRecord) -> bool:
    return record.module != "java_gateway"


def _fail_unforeseen(name: str, error: Exception, verbose: bool) -> int:
    if verbose:
        traceback.print_exception(error)
        where = ""
    else:
        where = f" (the trace: {keep_trace(name, error)}, or --verbose)"
    return _fail(name, ImageLakeError(f"{in_one_line(error)}{where}"), FAILED)


def _fail(name: str, error: ImageLakeError, code: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"\n{name}: {without_credentials(str(error))}\n")
    return code
