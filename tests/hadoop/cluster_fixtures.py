"""One real Hadoop for all the modules that ask for it; what one kills is started again for the next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hadoop_cluster import Hadoop, call

from imagelake.cluster.hadoop import record
from imagelake.cluster.hadoop.runtime import find_jars, find_java_home
from imagelake.errors import ImageLakeError
from project import PROJECT, skip_or_fail

SIZE = ("--datanodes", "3", "--node-memory-mb", "8192")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The life of the cluster ends in its own module, which therefore comes after all the others."""
    items.sort(key=lambda item: item.path.name == "test_cluster.py")


@pytest.fixture(scope="session")
def hadoop_jars() -> Path:
    """The folder of the jars; the tests are skipped where Java or Maven is missing, but never in CI."""
    try:
        find_java_home()
        return find_jars(PROJECT / "conf" / "hadoop" / "pom.xml", PROJECT / "var" / "hadoop-jars", print)
    except ImageLakeError as error:
        skip_or_fail(str(error))


@pytest.fixture(scope="session")
def cluster(hadoop_jars: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hadoop]:
    """Three DataNodes and two NodeManagers on free ports, in a folder of their own."""
    assert hadoop_jars.is_dir()
    folder = tmp_path_factory.mktemp("hadoop")
    call(folder, "start", "--free-ports", *SIZE)
    recorded = record.load(folder)
    assert recorded is not None
    yield Hadoop(recorded)
    call(folder, "stop")


@pytest.fixture(scope="module")
def hadoop(cluster: Hadoop) -> Hadoop:
    """The cluster with every daemon alive."""
    if None in cluster.pids().values():
        cluster("start")
    return cluster
