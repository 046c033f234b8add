"""Splits of planted images: exact shares of each label, whole groups, the same for the same seed."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import pytest
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Outcome, execute
from split_images import JOB

SHARES = "splits.shares={train=0.7,validation=0.1,test=0.2}"
GROUPS = {f"lion {number:03}": f"lion {number // 4 * 4:03}" for number in range(12)} | {"owl 000": "lion 000"}
SPLITS = ("train", "test")


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """200 lions, three groups of four among them, 30 owls, one of which is a lion's duplicate, and 7 without label."""
    names = [
        f"{label} {number:03}" for label, count in (("lion", 200), ("owl", 30), ("none", 7)) for number in range(count)
    ]
    images: list[dict[str, Any]] = [
        {"image_id": name, "split": SPLITS[number % 2], "has_bytes": True, "author": f"author {number % 9}"}
        for number, name in enumerate(names)
    ]
    images += [
        {"image_id": "listed", "split": "train", "has_bytes": False},
        {"image_id": "torn", "split": "train", "has_bytes": True},
    ]
    labels = [
        {"image_id": name, "label_id": "/m/1", "label": name.split()[0].title(), "confidence": 1.0}
        for name in names
        if not name.startswith("none")
    ]
    labels.append({"image_id": "lion 050", "label_id": "/m/2", "label": "Animal", "confidence": 0.9})
    groups = [{"image_id": name, "representative_id": first} for name, first in GROUPS.items()]
    rows = {
        "images": images,
        "predictions": [{"image_id": "torn", "error": "truncated"}],
        "labels_clean": labels,
        "duplicate_groups": groups,
    }
    return plant_tables(spark, tmp_path_factory.mktemp("splits") / "lake", JOB.reads, rows)


def split(lake: Lake, *settings: str) -> tuple[Outcome, dict[str, dict[str, Any]]]:
    """The outcome of the job and the rows of image_splits by image."""
    outcome = execute(JOB, lake, load_config([], list(settings)))
    return outcome, {row["image_id"]: row.asDict() for row in lake.read("image_splits").collect()}


def test_shares_are_exact_and_groups_whole(lake: Lake) -> None:
    """Each label has its shares to one image, no group crosses, and what cannot be used has its reason."""
    outcome, rows = split(lake, SHARES)
    counts = Counter((row["label"], row["split"]) for row in rows.values())
    wanted = {"Lion": (141, 20, 40), "Owl": (20, 3, 6), None: (5, 1, 1)}
    names = ("train", "validation", "test")
    assert counts == {(label, name): n for label, row in wanted.items() for name, n in zip(names, row, strict=True)}
    splits_of = defaultdict(set)
    for name, first in GROUPS.items():
        assert rows[name]["group_id"] == first
        splits_of[first].add(rows[name]["split"])
    assert {len(splits) for splits in splits_of.values()} == {1}
    assert rows["owl 000"]["label"] == "Lion"
    assert rows["lion 050"]["label"] == "Lion"
    deviations = {(row["label"], row["split"]): row["deviation"] for row in lake.read("split_counts").collect()}
    assert deviations["Lion", "train"] == pytest.approx(141 - 0.7 * 201)
    assert deviations[None, "validation"] == pytest.approx(1 - 0.1 * 7)
    assert max(map(abs, deviations.values())) < 1
    assert outcome.work is not None
    (account,) = outcome.work.accounts
    assert account.rejected == {"no_bytes": 1, "truncated": 1}


def test_the_seed_alone_chooses(spark: SparkSession, lake: Lake) -> None:
    """The same seed gives the same splits from tables in other partitions; another one gives others."""
    _, first = split(lake, SHARES)
    partitions = spark.conf.get("spark.sql.shuffle.partitions")
    spark.conf.set("spark.sql.shuffle.partitions", "1")
    try:
        _, again = split(lake, SHARES, "splits.protected=[]")
    finally:
        spark.conf.set("spark.sql.shuffle.partitions", str(partitions))
    assert again == first
    _, other = split(lake, SHARES, "splits.seed=8")
    assert {name: row["split"] for name, row in other.items()} != {name: row["split"] for name, row in first.items()}


def test_a_column_keeps_images_together(lake: Lake) -> None:
    """Images of one author are in one split; an unknown column is an error with the choices."""
    _, rows = split(lake, SHARES, "splits.group_by=author")
    authors = defaultdict(set)
    for row in rows.values():
        authors[row["group_id"]].add(row["split"])
    assert len(authors) == 9
    assert {len(splits) for splits in authors.values()} == {1}
    with pytest.raises(ImageLakeError, match=r"unknown column to group by 'autor'. Did you mean 'author'\?"):
        split(lake, "splits.group_by=autor")


def test_kept_splits_lose_their_leaks(lake: Lake) -> None:
    """The splits stay, and of a group that lies in both the training images go, each with its reason."""
    outcome, rows = split(lake, "splits.existing=keep")
    leaked = {name for name in GROUPS if name not in rows}
    assert leaked == {name for name in GROUPS if int(name[-3:]) % 2 == 0}
    assert all(row["split"] == row["previous_split"] for row in rows.values())
    assert outcome.work is not None
    assert outcome.work.accounts[0].rejected == {"leaked": len(leaked), "no_bytes": 1, "truncated": 1}


def test_shares_must_add_up() -> None:
    """One clear line names the sum."""
    with pytest.raises(ImageLakeError, match=r"splits.shares = .*the shares add up to 0.9, not to 1"):
        load_config([], ["splits.shares={train=0.8,test=0.1}"])
