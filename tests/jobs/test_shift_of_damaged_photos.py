"""Real photos against their own damaged versions: the damage is named, and accuracy is estimated without labels."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from statistics import fmean
from typing import Any

import pytest
from pyspark.sql import SparkSession

from imagelake.lake.lake import Lake
from project import PROJECT

sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks"))
sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks" / "shift"))

from damaged_photos import named, network_of, outcomes_of, photos_of, plant, says_rightly, without_labels
from damages import DAMAGES, ORIGINAL, VERSIONS

Errors = dict[str, dict[str, float]]

PHOTOS_OF_A_FOLDER = 8
STRONGEST = [version for version in VERSIONS if version[0] == f"{version[1]}_{len(DAMAGES[version[1]][1])}"]


@pytest.fixture(scope="module")
def damaged(
    spark: SparkSession, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Errors, Mapping[str, Any]]:
    """Errors of estimates by version, and what is said to have changed, of a few photos of each animal."""
    labels = shared_data / "photos" / "caltech101_animals_labels.csv"
    photos = photos_of(shared_data / "photos" / "caltech101_animals", labels, PHOTOS_OF_A_FOLDER)
    lake = Lake(spark, str(tmp_path_factory.mktemp("damaged") / "lake"))
    plant(lake, photos, network_of(shared_data / "weights" / "mobilenet_v1_0.25_128.weights.h5"), STRONGEST)
    errors = {row.pop("version"): row for row in without_labels(outcomes_of(lake, photos), 20, 1)}
    return errors, named(lake)


@pytest.mark.parametrize("version", [name for name, _, _ in STRONGEST])
def test_the_damage_is_named(damaged: tuple[Errors, Mapping[str, Any]], version: str) -> None:
    """The hypothesis on damage says what was done."""
    _, found = damaged
    assert says_rightly(version.rpartition("_")[0], found[version]["look"]), found[version]


def test_accuracy_without_labels_errs_less_than_the_mean_score(damaged: tuple[Errors, Mapping[str, Any]]) -> None:
    """Over eight strong damages; most intervals hold what labels show."""
    errors, _ = damaged
    means = {
        name: fmean(row[name] for version, row in errors.items() if version != ORIGINAL)
        for name in ("combined_error", "confidence_error", "combined_covered")
    }
    assert means["combined_error"] < 0.75 * means["confidence_error"]
    assert means["combined_covered"] >= 0.8
    assert errors[ORIGINAL]["combined_covered"] >= 0.8
