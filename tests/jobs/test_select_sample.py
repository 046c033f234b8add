"""Balanced samples of planted images: keywords in proportion, one of a group, overlap last, shortfalls named."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from imagelake.transforms.splits.stages import STAGES
from select_sample import JOB

AIRPLANES = {"airliner": 33, "biplane": 11, "glider": 6}
OVERLAP = {f"airliner {number:02}" for number in range(10)}


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """50 airplanes of three keywords, ten of them in a reference, and 12 ships, six of them one picture."""
    names = [f"{keyword} {number:02}" for keyword, count in AIRPLANES.items() for number in range(count)]
    images: list[dict[str, Any]] = [
        {"image_id": name, "title": name.split()[0], "has_bytes": True, "split": "all"} for name in names
    ]
    images += [
        {"image_id": f"ship {number:02}", "title": "liner", "has_bytes": True, "split": "all"} for number in range(12)
    ]
    labels = [
        {"image_id": image["image_id"], "label": "ship" if image["title"] == "liner" else "airplane", "confidence": 1.0}
        for image in images
    ]
    rows = {
        "images": images,
        "labels_clean": labels,
        "duplicate_groups": [{"image_id": f"ship {number:02}", "representative_id": "ship 03"} for number in range(6)],
        "image_overlap": [
            {"image_id": name, "reference": "elsewhere", "reference_id": "x"} for name in sorted(OVERLAP)
        ],
    }
    return plant_tables(spark, tmp_path_factory.mktemp("sample") / "lake", JOB.reads, rows)


def sample(lake: Lake, *settings: str) -> list[dict[str, Any]]:
    """The rows of sample_images."""
    execute(JOB, lake, load_config([], ["sampling.keyword_column=title", *settings]))
    return [row.asDict() for row in lake.read("sample_images").collect()]


def test_keywords_keep_their_proportions(lake: Lake) -> None:
    """Seven of each label: 33 : 11 : 6 of seven is 4.62, 1.54, 0.84, so 5, 1, 1; one of the six equal ships at most."""
    rows = sample(lake, "sampling.per_label=7")
    assert Counter((row["label"], row["keyword"]) for row in rows) == {
        ("airplane", "airliner"): 5,
        ("airplane", "biplane"): 1,
        ("airplane", "glider"): 1,
        ("ship", "liner"): 7,
    }
    assert len({row["group_id"] for row in rows}) == 14
    counts = {(row["label"], row["keyword"]): row.asDict() for row in lake.read("sample_counts").collect()}
    assert counts["ship", "liner"]["candidates"] == 7
    assert {row["image_id"] for row in sample(lake, "sampling.per_label=7", "sampling.seed=8")} != {
        row["image_id"] for row in rows
    }


def test_what_a_reference_holds_comes_last(lake: Lake) -> None:
    """Of 33 airliners 23 are in no reference; 26 are wanted, so that three of the others are taken."""
    rows = sample(
        lake,
        *("sampling.per_label=40", 'sampling.labels=["airplane"]', "sampling.avoid_overlap=true"),
    )
    airliners = [row for row in rows if row["keyword"] == "airliner"]
    assert len(airliners) == 26
    assert sum(row["overlaps"] for row in airliners) == 3
    assert {row["image_id"] for row in airliners if row["overlaps"]} < OVERLAP


def test_a_shortfall_is_an_error_or_recorded(lake: Lake) -> None:
    """The error names what each label lacks and publishes nothing; recorded, everything that is there is taken."""
    before = lake.manifest("sample_images")
    with pytest.raises(ImageLakeError, match=r"images are missing of car 9, ship 2; take fewer"):
        sample(lake, "sampling.per_label=9", 'sampling.labels=["airplane", "ship", "car"]')
    assert lake.manifest("sample_images") == before
    rows = sample(lake, "sampling.per_label=9", "sampling.shortfall=record")
    assert Counter(row["label"] for row in rows) == {"airplane": 9, "ship": 7}
    (ship,) = lake.read("sample_counts").where("label = 'ship'").collect()
    assert (ship["wanted"], ship["taken"]) == (9, 7)


def test_every_stage_is_counted(spark: SparkSession, tmp_path: Path) -> None:
    """Of nine cats one is lost and one torn, two have equal pixels, one is in a reference, verdicts move two."""
    names = ["torn", "one", "copy", "held", "near", "nearby", "joined", "parted"]
    images = [{"image_id": name, "title": "tabby", "has_bytes": True, "split": "all", "sha256": name} for name in names]
    images.append({"image_id": "lost", "title": "tomcat", "has_bytes": False, "split": "all"})
    pixels = {name: bytes([number] * 16) for number, name in enumerate(names)} | {"copy": bytes([1] * 16)}
    measured = {"ssim": 0.9, "distance": 5.0}
    rows: dict[str, list[dict[str, Any]]] = {
        "images": images,
        "predictions": [
            {"image_id": name, "error": "truncated" if name == "torn" else None, "pixel_hash": pixels[name]}
            for name in names
        ],
        "labels_clean": [{"image_id": image["image_id"], "label": "cat", "confidence": 1.0} for image in images],
        "duplicate_groups": [
            {"image_id": name, "representative_id": first}
            for first, group in {"one": ["one", "copy", "joined"], "near": ["near", "nearby"]}.items()
            for name in group
        ],
        "duplicate_pairs": [
            {"image_id": "one", "other_id": "joined", "verdict": "duplicate", "score": 0.01, **measured},
            {"image_id": "one", "other_id": "parted", "verdict": "different", "score": 0.9, **measured},
            {"image_id": "near", "other_id": "nearby", "score": 0.9, **measured},
        ],
        "image_overlap": [{"image_id": "held", "reference": "elsewhere", "reference_id": "x"}],
    }
    lake = plant_tables(spark, tmp_path / "lake", JOB.reads, rows)
    words = ["sampling.per_label=4", "sampling.avoid_overlap=true", "sampling.shortfall=record"]
    sample(lake, *words)
    counts = {row["keyword"]: row.asDict() for row in lake.read("sample_counts").collect()}
    del counts["tomcat"]["label"], counts["tabby"]["label"]
    assert counts["tomcat"] == {"keyword": "tomcat"} | dict.fromkeys((*STAGES, "candidates", "wanted", "taken"), 0) | {
        "images": 1
    }
    assert counts["tabby"] == {
        **{"keyword": "tabby", "images": 8, "decoded": 7, "distinct": 6, "unreferenced": 5},
        # Of one, near, nearby, joined and parted the score alone leaves one, near and joined.
        **{"dissimilar": 3, "judged": 3, "candidates": 4, "wanted": 4, "taken": 4},
    }
