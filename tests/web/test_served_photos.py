"""The page finds the right animals for photos that are not in the lake: real photos, real weights."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.lake.lake import Lake
from pipeline_steps import run_steps
from served import Served

STEPS = ("ingest_images", "ingest_annotations", "clean_labels", "convert_model", "predict_images",
         "measure_accuracy", "rank_images", "build_image_index")  # fmt: skip
IN_LAKE, HELD_OUT = 24, 4  # photos of each animal


@pytest.fixture(scope="module")
def animals(shared_data: Path) -> dict[str, list[Path]]:
    """Folder -> photos, evenly taken from all that it has."""
    folders = sorted((shared_data / "photos" / "caltech101_animals").iterdir())
    found = {}
    for folder in folders:
        photos = sorted(folder.glob("*.jpg"))
        found[folder.name] = photos[:: max(1, len(photos) // (IN_LAKE + HELD_OUT))][: IN_LAKE + HELD_OUT]
    return found


@pytest.fixture(scope="module")
def zoo(
    spark: SparkSession, shared_data: Path, animals: dict[str, list[Path]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Served]:
    """A lake of the photos that are not held out, served."""
    photos, root = tmp_path_factory.mktemp("photos"), tmp_path_factory.mktemp("zoo") / "lake"
    for folder, files in animals.items():
        (photos / folder).mkdir()
        for file in files[HELD_OUT:]:
            shutil.copy(file, photos / folder)
    lake = Lake(spark, str(root))
    settings = [
        f"lake.root={lake.root}",
        "source.type=folder",
        f"source.path={photos}",
        f"source.label_map={shared_data}/photos/caltech101_animals_labels.csv",
        f"model.weights={shared_data}/weights/mobilenet_v1_1.0_224.weights.h5",
        "model.alpha=1.0",
        "model.resolution=224",
        "model.classes=imagenet",
        "model.framing=squeeze",
    ]
    run_steps(STEPS, lake, load_config(settings=settings))
    with Served(root, tmp_path_factory.mktemp("cache"), "--set", "web.searches_per_minute=1000") as server:
        yield server


@pytest.fixture(scope="module")
def labels(shared_data: Path) -> dict[str, str]:
    """Folder -> the label of its animal."""
    text = (shared_data / "photos" / "caltech101_animals_labels.csv").read_text(encoding="utf-8")
    return {row["folder"]: row["label"] for row in csv.DictReader(text.splitlines())}


def test_the_first_answer_shows_the_same_animal(
    zoo: Served, animals: dict[str, list[Path]], labels: dict[str, str]
) -> None:
    """Of photos that the lake does not have, at least four in five are answered first by the same of 19 animals."""
    right = []
    for folder, files in animals.items():
        for file in files[:HELD_OUT]:
            answer = zoo.search(file.read_bytes()).json()
            right.append(labels[folder] in answer["results"][0]["image"]["labels"])
    assert len(right) > 60
    assert sum(right) / len(right) >= 0.8


def test_the_sources_own_way_finds_what_the_model_names(
    zoo: Served, animals: dict[str, list[Path]], labels: dict[str, str]
) -> None:
    """A dalmatian is called one, and the label's images come by PPI; no beetle is taken for the rhinoceros."""
    (dalmatians,) = (files for folder, files in animals.items() if labels[folder] == "Dalmatian")
    found = zoo.search(dalmatians[0].read_bytes(), mode="label").json()
    assert found["label"] == "Dalmatian"
    assert found["classes"][0]["name"].lower().startswith("dalmatian")
    assert all("Dalmatian" in one["image"]["labels"] for one in found["results"])
    ppi = [one["image"]["ppi"] for one in found["results"]]
    assert ppi == sorted(ppi, reverse=True)
    assert len(ppi) > 10
