"""Overlap with other lakes: planted copies of every degree, and the figures of CIFAR-10.2 against CIFAR-10.1."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from planted_pictures import encoded, picture, planted
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, execute
from imagelake.vision.network_card import CARD, NetworkCard
from measure_overlap import JOB

TABLES = tuple(name for name in JOB.reads if name != "model")
BY_IDS = ("overlap.by_image_id=true",)


def measured(lake: Lake, references: list[Lake], *settings: str) -> list[dict[str, Any]]:
    """The rows of image_overlap."""
    roots = json.dumps([reference.root for reference in references])
    execute(JOB, lake, load_config([], [f"overlap.references={roots}", *settings]))
    return [row.asDict() for row in lake.read("image_overlap").collect()]


def plant_network(lake: Lake, scratch: Path, features: str) -> None:
    """Publish a network's card, which names its features."""
    card = NetworkCard("a network", features, "network.tflite", "litert", "float32", 224, "crop", ("cat", "dog"))
    scratch.mkdir()
    (scratch / CARD).write_text(card.to_json(), encoding="utf-8")
    job = Job("plant_network", "", lambda work, _: work.write_folder("model", scratch, files=1), writes=("model",))
    execute(job, lake, load_config(), force=True)


def test_copies_of_every_degree_are_found(spark: SparkSession, tmp_path: Path) -> None:
    """Equal files, equal pixels and resized pictures of another lake are found, and no duplicates within a lake."""
    pictures = [picture(seed, 128) for seed in range(4)]
    files = {
        "same file": (encoded(pictures[0]), "train"),
        "same pixels": (encoded(pictures[1]), "test"),
        "smaller": (encoded(pictures[2]), "test"),
        "smaller again": (encoded(pictures[2], "JPEG", side=100), "train"),
        **{f"only here {seed}": (encoded(picture(seed)), "train") for seed in range(10, 30)},
    }
    others = {
        "a file": (encoded(pictures[0]), "all"),
        "pixels": (encoded(pictures[1], "BMP"), "all"),
        "half": (encoded(pictures[2], "JPEG", side=64), "all"),
        **{f"only there {seed}": (encoded(picture(seed)), "all") for seed in range(30, 50)},
    }
    rows = planted(files)
    rows["labels_clean"] = [{"image_id": "same file", "label": "Lion"}]
    lake = plant_tables(spark, tmp_path / "lake", TABLES, rows)
    reference = plant_tables(spark, tmp_path / "other", TABLES, planted(others))
    plant_network(lake, tmp_path / "network", "features of one network")
    plant_network(reference, tmp_path / "same network", "features of one network")
    found = measured(lake, [reference])
    assert {(row["image_id"], row["reference_id"], row["evidence"]) for row in found if row["verified"]} == {
        ("same file", "a file", "bytes"),
        ("same pixels", "pixels", "pixels"),
        ("smaller", "half", "near"),
        ("smaller again", "half", "near"),
    }
    counts = {(row["split"], row["label"]): row.asDict() for row in lake.read("overlap_counts").collect()}
    assert [(counts[split, None]["exact"], counts[split, None]["near"]) for split in ("train", "test")] == [
        (1, 1),
        (1, 1),
    ]
    assert counts["train", "Lion"]["exact"] == 1
    plant_network(reference, tmp_path / "other network", "features of another one")
    with pytest.raises(ImageLakeError, match=r"are of features of another one, those of .* of features of one network"):
        measured(lake, [reference])
    without = measured(lake, [reference], "overlap.features=false")
    assert {row["image_id"] for row in without if row["verified"]} == {
        row["image_id"] for row in found if row["verified"]
    }


def test_cifar_10_2_against_10_1(spark: SparkSession, tmp_path: Path, shared_data: Path) -> None:
    """By Tiny Images index CIFAR-10.2 shares 33 images with version 4 of CIFAR-10.1, none with 6 and 53 with 7."""
    folder = shared_data / "overlap"
    meta = json.loads((folder / "cifar102_meta.json").read_text(encoding="utf-8"))
    rows = [
        {"image_id": str(index), "split": "train" if meta["train"][row] else "test", "has_bytes": False}
        for row, index in meta["b'tinyindex'"].items()
    ]
    lake = plant_tables(spark, tmp_path / "lake", ("images", "labels_clean"), {"images": rows})
    references = []
    for version in ("v4", "v6", "v7"):
        indices = json.loads((folder / f"cifar10.1_{version}_ti_indices.json").read_text(encoding="utf-8"))
        images = [{"image_id": str(index), "split": "test", "has_bytes": False} for index in indices]
        references.append(plant_tables(spark, tmp_path / version, ("images",), {"images": images}))
    measured(lake, references, *BY_IDS)
    totals = (
        lake.read("overlap_counts").where("label IS NULL").groupBy("reference").agg({"exact": "sum", "images": "sum"})
    )
    assert {
        row["reference"].rpartition("/")[2]: (row["sum(exact)"], row["sum(images)"]) for row in totals.collect()
    } == {
        "v4": (33, 12_000),
        "v6": (0, 12_000),
        "v7": (53, 12_000),
    }


def test_references_must_be_other_lakes(spark: SparkSession, tmp_path: Path) -> None:
    """None at all, the lake itself, one twice, and one without images are errors that name them."""
    lake = plant_tables(spark, tmp_path / "lake", ("images", "labels_clean"), {})
    other = plant_tables(spark, tmp_path / "other", ("images",), {})
    with pytest.raises(ImageLakeError, match="no lake to compare with: give --reference"):
        measured(lake, [], *BY_IDS)
    with pytest.raises(ImageLakeError, match="is this lake itself"):
        measured(lake, [lake], *BY_IDS)
    with pytest.raises(ImageLakeError, match="other twice"):
        measured(lake, [other, other], *BY_IDS)
