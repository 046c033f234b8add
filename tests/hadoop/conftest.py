"""A real Hadoop for each test module that asks for one: modules kill its daemons."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hadoop_cluster import Hadoop, call

from imagelake.cluster.hadoop import record
from imagelake.cluster.hadoop.runtime import find_jars, find_java_home
from imagelake.errors import ImageLakeError
from project import PROJECT, skip_or_fail


@pytest.fixture(scope="session")
def hadoop_jars() -> Path:
    """The folder of the jars; the tests are skipped where Java or Maven is missing, but never in CI."""
    try:
        find_java_home()
        return find_jars(PROJECT / "conf" / "hadoop" / "pom.xml", PROJECT / "var" / "hadoop-jars", print)
    except ImageLakeError as error:
        skip_or_fail(str(error))


@pytest.fixture(scope="module")
def hadoop(
    request: pytest.FixtureRequest, hadoop_jars: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Hadoop]:
    """A cluster on free ports, in a folder of its own, of the size that the module's HADOOP_OPTIONS ask for."""
    assert hadoop_jars.is_dir()
    folder = tmp_path_factory.mktemp("hadoop")
    call(folder, "start", "--free-ports", *getattr(request.module, "HADOOP_OPTIONS", ()))
    cluster = record.load(folder)
    assert cluster is not None
    yield Hadoop(cluster)
    call(folder, "stop")
