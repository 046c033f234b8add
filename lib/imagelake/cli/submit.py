"""The command line of ``submit``: one job, on this machine or on YARN."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from imagelake.cli.job_arguments import configuration_of, parser_of
from imagelake.cli.requirements import needs_tensorflow, require_java, require_tensorflow, trains_networks
from imagelake.cluster.submission import class_archive, package
from imagelake.cluster.submission.command import Submission, job_file, local_properties
from imagelake.cluster.submission.environment import THIS_PYTHON
from imagelake.cluster.submission.run import run
from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.installation import command_name, work_folder
from imagelake.runtime.options import network_settings
from imagelake.runtime.run_size import QUICK_IMAGES, is_small

UNUSABLE = 2
# Option -> Spark property and what it means.
_SIZES = {
    "queue": ("spark.yarn.queue", "NAME", "YARN's queue"),
    "executors": ("spark.executor.instances", "N", "how many executors"),
    "executor-cores": ("spark.executor.cores", "N", "tasks at a time in an executor"),
    "executor-memory": ("spark.executor.memory", "SIZE", "of an executor's JVM, e.g. 2g"),
    "driver-memory": ("spark.driver.memory", "SIZE", "of the driver's JVM"),
    "principal": ("spark.kerberos.principal", "NAME", "on a secure cluster, with --keytab"),
    "keytab": ("spark.kerberos.keytab", "FILE", "the principal's keys, for jobs that outlive a ticket"),
}
QUICK_RUN = (
    # In a run of a minute Java's optimising compiler takes more than it saves: four photos 59 s of processor time, and
    # not 98. Without it Java reserves 48 MB for compiled code, and stops compiling when they are full. A heap that
    # begins small is collected over and over while it grows: 6 s of 58.
    "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=240m -XX:+UseSerialGC "
    "-XX:MetaspaceSize=256m -XX:InitialRAMPercentage=6 -XX:NewRatio=1",
    # Every sort and every join begins with a page, of 64 MB otherwise, which Java clears and collects again.
    "spark.buffer.pageSize=1m",
    # Of two jobs that run at once the short one does not wait for the long one.
    "spark.scheduler.mode=FAIR",
)
"""Properties of a run of few images on this machine, see `QUICK_IMAGES`."""


def main(arguments: Sequence[str]) -> int:
    """Run one job; returns its exit code: 0, 1 where the job failed, 2 where nothing could be submitted."""
    options = parser().parse_args(arguments)
    try:
        of_job = parser_of(options.job, f"{command_name('submit')} {options.job}").parse_args(options.arguments)
    except ImageLakeError as error:
        return unusable("submit", error)
    return submit(options, of_job, "submit")


def submit(options: argparse.Namespace, of_job: argparse.Namespace, command: str) -> int:
    """Judge everything that can be judged here, then run a job with spark-submit; returns the exit code.

    Args:
        options: parsed by `parser`.
        of_job: the job's own, parsed by its parser.
        command: what its user called, for messages.
    """
    try:
        local = options.master == "local"
        check_mode(options)
        config = configuration_of(options.job, of_job, local)
        require_java()
        if options.deploy_mode == "client" and needs_tensorflow(job_file(options.job).stem, config):
            require_tensorflow()
        if local:
            class_archive.make_once()
        options.arguments += _read_here(options, config)
        trains = trains_networks(job_file(options.job).stem, config)
        return run(_submission(options, local and is_small(config, QUICK_IMAGES), trains))
    except (ImageLakeError, OSError) as error:
        return unusable(command, error)


def parser() -> argparse.ArgumentParser:
    """The options before the name of the job."""
    made = argparse.ArgumentParser(
        prog=command_name("submit"),
        description="Run one job with spark-submit.",
        epilog=f"The options of a job: {command_name('submit')} JOB --help",
        allow_abbrev=False,
    )
    made.add_argument("--master", choices=("local", "yarn"), default="local", help="default %(default)s")
    made.add_argument("--deploy-mode", choices=("client", "cluster"), default="client", help="where the driver runs")
    for option, (key, metavar, meaning) in _SIZES.items():
        made.add_argument(f"--{option}", metavar=metavar, help=f"{meaning}; default: {key} of conf/spark")
    made.add_argument("--conf", metavar="KEY=VALUE", action="append", default=[], help="any Spark property")
    add_python(made)
    made.add_argument("job", metavar="JOB", help="the name of a file in jobs/; what follows are the job's options")
    made.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return made


def add_python(parser: argparse.ArgumentParser) -> None:
    """The option that names the Python of the nodes."""
    text = "the version on the cluster's nodes; a driver in client mode must be of the same (default: %(default)s)"
    parser.add_argument("--python", metavar="VERSION", type=_version, default=THIS_PYTHON, help=text)


def _version(text: str) -> str:
    major, dot, minor = text.partition(".")
    if not (dot and major == "3" and minor.isdecimal()):
        raise argparse.ArgumentTypeError(f"{text!r} is no version of Python such as 3.11")
    return text


def check_mode(options: argparse.Namespace) -> None:
    """Judge where the job is to run.

    Raises:
        ImageLakeError: there is no cluster, or the driver cannot be where the options put it.
    """
    if options.master == "yarn":
        check_cluster()
    elif options.deploy_mode == "cluster":
        raise ImageLakeError("--deploy-mode cluster needs --master yarn: there is no cluster in local mode")
    if options.deploy_mode == "client" and options.python != THIS_PYTHON:
        raise ImageLakeError(
            f"--python {options.python}: the driver here is of {THIS_PYTHON}, and executors of another version refuse "
            "its functions; use --deploy-mode cluster"
        )


def check_cluster() -> None:
    """Look for the cluster's configuration.

    Raises:
        ImageLakeError: HADOOP_CONF_DIR names none.
    """
    folder = os.environ.get("HADOOP_CONF_DIR")
    if not folder:
        raise ImageLakeError(
            "HADOOP_CONF_DIR is not set, so nobody knows which cluster. Set it to the folder of the cluster's "
            f"core-site.xml, or run one here: {command_name('hadoop')} start"
        )
    if not (Path(folder) / "core-site.xml").is_file():
        raise ImageLakeError(f"HADOOP_CONF_DIR is {folder}, which holds no core-site.xml")


def _submission(options: argparse.Namespace, quick: bool, trains: bool) -> Submission:
    conf = (*_sizes(options), *options.conf)
    job = options.job, tuple(options.arguments)
    if options.master == "local":
        given = QUICK_RUN if quick else ()  # an own --conf comes later and wins
        return Submission(*job, "client", local_properties(), (*given, *conf))
    folder = work_folder() / "package"
    made = package.build(folder, options.python, say, trains)
    package.publish(made, package.PUBLISHED_AT, say)
    # Submissions side by side may differ in what executors need.
    target = folder / ("yarn-training.conf" if trains else "yarn.conf")
    properties = package.write_properties(made, package.PUBLISHED_AT, target)
    return Submission(*job, options.deploy_mode, properties, conf, options.python)


def _read_here(options: argparse.Namespace, config: Config) -> list[str]:
    """What was read here of the weights, as options of a job whose driver on a node cannot read them."""
    if options.deploy_mode == "client":
        return []
    settings = (f"model.{name}={getattr(config.model, name)}" for name in network_settings(config.model.weights))
    return [word for setting in settings for word in ("--set", setting)]


def _sizes(options: argparse.Namespace) -> Iterator[str]:
    for option, (key, _, _) in _SIZES.items():
        if value := getattr(options, option.replace("-", "_")):
            yield f"{key}={value}"


def unusable(command: str, error: Exception) -> int:
    """Say what is wrong with a command line; returns the exit code."""
    sys.stderr.write(f"{command}: {error}\n")
    return UNUSABLE


def say(text: str) -> None:
    """Tell what takes a while, at once, and apart from the output."""
    print(text, file=sys.stderr, flush=True)
