"""The command line that all jobs share: options, error messages and exit codes."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from imagelake.config import Config, load_config, settings_help
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.input_check import check_local_inputs, check_remote_inputs
from imagelake.runtime.job import Job, execute
from imagelake.runtime.progress import Progress
from imagelake.runtime.session import is_local, start_session
from imagelake.runtime.summary import print_outcome

FAILED, UNUSABLE = 1, 2


def main(job: Job, arguments: Sequence[str] | None = None) -> int:
    """Run one job from the command line; returns the exit code: 0 done or skipped, 1 failed, 2 unusable arguments."""
    options = job_parser(job).parse_args(arguments)
    try:
        config = config_of(options, shortcut_settings(job, options))
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


def add_common_options(parser: argparse.ArgumentParser) -> None:
    """The options that every job has."""
    parser.add_argument("--root", metavar="DIR", help="where the tables live: a local folder or hdfs:// (lake.root)")
    parser.add_argument(
        "--config",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a TOML file of settings; repeatable",
    )
    parser.add_argument(
        "--set",
        metavar="SECTION.KEY=VALUE",
        dest="settings",
        action="append",
        default=[],
        help="one setting, e.g. clean.min_confidence=0.9; may be repeated, and wins over --config",
    )
    parser.add_argument("--force", action="store_true", help="run even where nothing has changed")


def job_parser(job: Job) -> argparse.ArgumentParser:
    """The parser of one job: its docstring, the common options and the settings it depends on."""
    parser = argparse.ArgumentParser(
        prog=f"{job.name}.py",
        description=job.doc,
        epilog=settings_help(job.settings),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for short in job.shortcuts:
        parser.add_argument(
            short.flag, metavar=short.metavar, dest=short.setting, action="append", default=[], help=short.help
        )
    add_common_options(parser)
    return parser


def shortcut_settings(job: Job, options: argparse.Namespace) -> list[str]:
    """The job's own options as settings; later --set ones win over them."""
    given = {short.setting: getattr(options, short.setting) for short in job.shortcuts}
    return [f"{setting}={json.dumps(values)}" for setting, values in given.items() if values]


def config_of(options: argparse.Namespace, extra: Sequence[str] = ()) -> Config:
    """The configuration of the options, on top of conf/local.toml or conf/cluster.toml, by Spark's master."""
    settings = [*extra, *options.settings, *([f"lake.root={options.root}"] if options.root else [])]
    return load_config(options.config, settings, named=["local.toml" if is_local() else "cluster.toml"])


def _fail(name: str, error: ImageLakeError, code: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"\n{name}: {error}\n")
    return code
