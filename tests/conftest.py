"""What tests share: their tiers, the real data beside the project, one Spark session, and one finished sample lake."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling

import durations
import tiers
import tried
from finished_lake import FinishedLake
from imagelake.config import load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.session import start_session
from imagelake.samples import PlantedFacts
from pipeline_steps import STEPS, run_steps
from project import PROJECT, QUICK_JAVA, skip_or_fail

# What only one folder asks for stands beside its tests.
pytest_plugins = ("cluster_fixtures", "browser_fixtures")
IMAGES, SEED = 240, 11


def pytest_configure(config: pytest.Config) -> None:
    """Name the tiers, and tell every Java to come how to start."""
    for tier, meaning in tiers.TIERS.items():
        config.addinivalue_line("markers", f"{tier}: {meaning}")
    config.addinivalue_line("markers", tried.MARK)
    os.environ.setdefault("JDK_JAVA_OPTIONS", QUICK_JAVA)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its tiers, and put what it tries into the report."""
    tiers.mark(items)
    tried.record(items)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Of several processes, one runs all tests that share something costly."""
    return tiers.GroupScheduling(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI, no folder may take several times as long as it should."""
    durations.check(session)


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What is kept for later runs is kept for those of these tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def count_tried(request: pytest.FixtureRequest) -> Callable[[int], None]:
    """Says how often a test with the mark tried did so, where that turns out only while it runs."""
    return lambda n: request.node.user_properties.append(("n", n))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real photos, weights and metadata that lies beside the project, where it is at hand."""
    folder = PROJECT.parent / "shared" / "data"
    if not folder.is_dir():
        skip_or_fail("the real photos and weights (../shared/data) are not beside the project")
    return folder


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """One local session for the whole run: starting it takes longer than most tests."""
    scratch = tmp_path_factory.mktemp("spark")
    session = start_session(
        "tests",
        {
            "spark.master": "local[2]",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.memory": "3g",
            "spark.ui.enabled": "false",
            "spark.sql.shuffle.partitions": "4",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.execution.arrow.maxRecordsPerBatch": "64",
            "spark.sql.warehouse.dir": str(scratch / "warehouse"),
            "spark.local.dir": str(scratch),
        },
    )
    yield session
    session.stop()


@pytest.fixture(scope="session")
def sample(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> FinishedLake:
    """The sample lake after the whole pipeline."""
    lake = Lake(spark, str(tmp_path_factory.mktemp("sample") / "lake"))
    config = load_config(settings=[f"lake.root={lake.root}", f"sample.images={IMAGES}", f"sample.seed={SEED}"])
    return FinishedLake(lake, config, run_steps(STEPS, lake, config))


@pytest.fixture(scope="module")
def copied(sample: FinishedLake, tmp_path_factory: pytest.TempPathFactory) -> FinishedLake:
    """A copy of it for the tests of one file, which publish something of their own."""
    return sample.copied(tmp_path_factory.mktemp("copied") / "lake")


@pytest.fixture(scope="session")
def facts(sample: FinishedLake) -> PlantedFacts:
    """What was planted in the sample lake."""
    return PlantedFacts.load(sample.folder / "sample_files")
