"""The whole pipeline, run once on a sample lake, for every test that compares its tables with the planted facts."""

from __future__ import annotations

import pytest
from pyspark.sql import SparkSession

from finished_lake import FinishedLake
from imagelake.cluster.lake import Lake
from imagelake.config import load_config
from imagelake.samples import PlantedFacts
from pipeline_steps import STEPS, run_steps

IMAGES, SEED = 240, 11


@pytest.fixture(scope="session")
def sample(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> FinishedLake:
    """The sample lake after the whole pipeline."""
    lake = Lake(spark, str(tmp_path_factory.mktemp("sample") / "lake"))
    config = load_config(settings=[f"lake.root={lake.root}", f"sample.images={IMAGES}", f"sample.seed={SEED}"])
    return FinishedLake(lake, config, run_steps(STEPS, lake, config))


@pytest.fixture(scope="session")
def facts(sample: FinishedLake) -> PlantedFacts:
    """What was planted in the sample lake."""
    return PlantedFacts.load(sample.folder / "sample_files")
