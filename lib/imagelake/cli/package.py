"""The command line of ``package``: what travels to a cluster, built and put there before anybody submits."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from imagelake.cli.submit import add_python, check_cluster, say, unusable
from imagelake.cluster.submission import package
from imagelake.cluster.submission.bill_of_materials import write_bill
from imagelake.errors import ImageLakeError
from imagelake.installation import command_name, work_folder


def main(arguments: Sequence[str]) -> int:
    """Build and print the sizes; returns the exit code: 0, or 2 where it could not be done."""
    options = parser().parse_args(arguments)
    try:
        made = _package(options)
        print(made.sizes())
        print(f"bill of materials: {write_bill(made, made.library.parent)}")
    except (ImageLakeError, OSError) as error:
        return unusable("package", error)
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog=command_name("package"),
        description="Build what travels to a cluster, and print its size.",
        allow_abbrev=False,
    )
    made.add_argument("--publish", action="store_true", help="put it on HDFS and write var/package/yarn.conf as well")
    made.add_argument("--at", metavar="ADDRESS", default=package.PUBLISHED_AT, help="where; default %(default)s")
    text = "TensorFlow, too, for executors that train networks; submit sends it with jobs that do"
    made.add_argument("--training", action="store_true", help=text)
    add_python(made)
    return made


def _package(options: argparse.Namespace) -> package.Package:
    folder = work_folder() / "package"
    if options.publish:
        check_cluster()
    made = package.build(folder, options.python, say, options.training)
    if options.publish:
        package.publish(made, options.at, say)
        say(f"properties: {package.write_properties(made, options.at, folder / 'yarn.conf')}")
    return made
