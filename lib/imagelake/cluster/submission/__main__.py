"""The command lines of scripts/package and scripts/submit."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from imagelake.cluster.submission import package
from imagelake.cluster.submission.command import Submission
from imagelake.cluster.submission.run import run
from imagelake.errors import ImageLakeError

_PROJECT = Path(__file__).resolve().parents[4]
_FOLDER = _PROJECT / "var" / "package"
_NO_CLUSTER = (
    "HADOOP_CONF_DIR is not set, so nobody knows which cluster. Set it to the folder of the cluster's core-site.xml, "
    "or run one here: scripts/hadoop start"
)
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


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 where the job failed, 2 where nothing could be submitted."""
    options = parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (ImageLakeError, OSError) as error:
        sys.stderr.write(f"{options.command}: {error}\n")
        return 2


def parser() -> argparse.ArgumentParser:
    """Both commands and their options."""
    made = argparse.ArgumentParser(prog="scripts", description=__doc__)
    commands = made.add_subparsers(dest="command", required=True)
    making = commands.add_parser("package", description="Build what travels to a cluster, and print its size.")
    making.add_argument(
        "--publish", action="store_true", help="upload it to HDFS and write var/package/yarn.conf as well"
    )
    making.add_argument("--at", metavar="ADDRESS", default=package.PUBLISHED_AT, help="where; default %(default)s")
    making.set_defaults(run=_package)
    _add_submit(commands.add_parser("submit", description="Run one job of jobs/ with spark-submit."))
    return made


def _add_submit(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--master", choices=("local", "yarn"), default="local", help="default %(default)s")
    parser.add_argument("--deploy-mode", choices=("client", "cluster"), default="client", help="where the driver runs")
    for option, (key, metavar, meaning) in _SIZES.items():
        parser.add_argument(f"--{option}", metavar=metavar, help=f"{meaning}; default: {key} of conf/spark")
    parser.add_argument("--conf", metavar="KEY=VALUE", action="append", default=[], help="any Spark property")
    parser.add_argument("job", metavar="JOB", help="the name of a file in jobs/; what follows are the job's options")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.set_defaults(run=_submit)


def _package(options: argparse.Namespace) -> int:
    made = package.build(_PROJECT, _FOLDER, _say)
    if options.publish:
        _check_cluster()
        package.publish(made, options.at, _say)
        _say(f"properties: {package.write_properties(made, options.at, _PROJECT, _FOLDER / 'yarn.conf')}")
    print(made.sizes())
    return 0


def _submit(options: argparse.Namespace) -> int:
    return run(_submission(options), _PROJECT)


def _submission(options: argparse.Namespace) -> Submission:
    conf = (*_sizes(options), *options.conf)
    job = options.job, tuple(options.arguments)
    if options.master == "local":
        if options.deploy_mode == "cluster":
            raise ImageLakeError("--deploy-mode cluster needs --master yarn: there is no cluster in local mode")
        return Submission(*job, "client", _PROJECT / "conf" / "spark" / "local.conf", conf)
    _check_cluster()
    made = package.build(_PROJECT, _FOLDER, _say)
    package.publish(made, package.PUBLISHED_AT, _say)
    properties = package.write_properties(made, package.PUBLISHED_AT, _PROJECT, _FOLDER / "yarn.conf")
    return Submission(*job, options.deploy_mode, properties, conf)


def _sizes(options: argparse.Namespace) -> Iterator[str]:
    for option, (key, _, _) in _SIZES.items():
        if value := getattr(options, option.replace("-", "_")):
            yield f"{key}={value}"


def _check_cluster() -> None:
    folder = os.environ.get("HADOOP_CONF_DIR")
    if not folder:
        raise ImageLakeError(_NO_CLUSTER)
    if not (Path(folder) / "core-site.xml").is_file():
        raise ImageLakeError(f"HADOOP_CONF_DIR is {folder}, which holds no core-site.xml")


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
