"""Real photos against their own damaged versions: the damage is named, and accuracy is estimated without labels."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from imagelake.lake.lake import Lake
from project import PROJECT

sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks"))
sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks" / "shift"))

from damaged_photos import named, network_of, outcomes_of, photos_of, plant, without_labels
from damages import DAMAGES, NAMED_BY, VERSIONS

PHOTOS_OF_A_FOLDER = 10
STRONGEST = [version for version in VERSIONS if version[0] == f"{version[1]}_{len(DAMAGES[version[1]][1])}"]


@pytest.fixture(scope="module")
def damaged(
    spark: SparkSession, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[pd.DataFrame, Mapping[str, Any]]:
    """Errors of estimates by version, and what the job says has changed, of a few photos of each animal."""
    labels = shared_data / "photos" / "caltech101_animals_labels.csv"
    photos = photos_of(shared_data / "photos" / "caltech101_animals", labels, PHOTOS_OF_A_FOLDER)
    lake = Lake(spark, str(tmp_path_factory.mktemp("damaged") / "lake"))
    plant(lake, photos, network_of(shared_data / "weights" / "mobilenet_v1_0.25_128.weights.h5"), STRONGEST)
    errors = pd.DataFrame(without_labels(outcomes_of(lake, photos), 20, 1)).set_index("version")
    return errors, named(lake, labels, STRONGEST)


@pytest.mark.parametrize("version", [name for name, _, _ in STRONGEST])
def test_the_damage_is_what_has_changed_most(damaged: tuple[pd.DataFrame, Mapping[str, Any]], version: str) -> None:
    """The property that moved most is one of those by which people would tell this damage."""
    _, found = damaged
    first = next(iter(found[version]["properties"]))
    assert first in NAMED_BY[version.rpartition("_")[0]], found[version]
    assert f"differ most in {first.replace('_', ' ')}" in found[version]["answer"]
