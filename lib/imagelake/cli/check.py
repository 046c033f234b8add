"""The command line of ``check``: what this installation has, and what it lacks, before a long run finds out."""

from __future__ import annotations

import argparse
import os
import platform
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version

from imagelake import __version__
from imagelake.cli.submit import check_cluster
from imagelake.cluster.hadoop.runtime import find_java_home
from imagelake.errors import ImageLakeError
from imagelake.installation import PACKAGE, command_name

_EPILOG = "Exit status: 0 when the pipeline can run here, else 1. Serving, searching, uploads need no Java."


def main(arguments: Sequence[str]) -> int:
    """Print what there is; returns 0 where the pipeline can run, else 1."""
    argparse.ArgumentParser(
        prog=command_name("check"), description="Say what this installation has, and what it lacks.", epilog=_EPILOG
    ).parse_args(arguments)
    print(f"{'imagelake':<12}{__version__}, {PACKAGE}")
    print(f"{'Python':<12}{platform.python_version()}")
    # All are reported, whatever the first one says.
    needed = [_report("Spark", lambda: _version("pyspark")), _report("Java", lambda: str(find_java_home()))]
    _report("TensorFlow", _tensorflow)
    if os.environ.get("HADOOP_CONF_DIR"):
        needed.append(_report("cluster", _cluster))
    else:
        print(f"{'cluster':<12}none: HADOOP_CONF_DIR is not set")
    return 0 if all(needed) else 1


def _report(what: str, find: Callable[[], str]) -> bool:
    """Print what is found, or what is said of its absence; whether it is there."""
    try:
        found = find()
    except ImageLakeError as error:
        print(f"{what:<12}missing: {error}")
        return False
    print(f"{what:<12}{found}")
    return True


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        raise ImageLakeError(f"{package} is not installed") from None


def _tensorflow() -> str:
    for package in ("tensorflow-cpu", "tensorflow"):
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    raise ImageLakeError("only to convert weights: pip install 'imagelake[tensorflow]', or scripts/setup --tensorflow")


def _cluster() -> str:
    check_cluster()
    return os.environ["HADOOP_CONF_DIR"]
