"""Duplicates in planted files: which images are one picture, by what, and which labels and splits that spoils."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted_pictures import encoded, picture, planted
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from find_duplicates import COMPARISONS, JOB, SPACES
from imagelake.config import load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Outcome, execute
from imagelake.tables import TABLES

LARGE, OTHER, BLANK = picture(1, 256), picture(2), np.full((40, 60, 3), 255, np.uint8)
FILES = {
    "a original": (encoded(LARGE), "train"),
    "a copied": (encoded(LARGE), "train"),
    "a as bmp": (encoded(LARGE, "BMP"), "test"),
    "a small": (encoded(LARGE, "JPEG", side=128, quality=70), "test"),
    "b alone": (encoded(OTHER), "train"),
    "c torn": (encoded(OTHER)[:300], "train"),
    "c torn again": (encoded(OTHER)[:300], "train"),
    "white": (encoded(BLANK), "train"),
    "white and larger": (encoded(BLANK, side=90), "train"),
    **{f"other {seed}": (encoded(picture(seed)), "test") for seed in range(3, 40)},
}
MEMBERS = {
    "a as bmp": ("a as bmp", "representative", 4),
    "a copied": ("a as bmp", "pixels", 4),
    "a original": ("a as bmp", "pixels", 4),
    "a small": ("a as bmp", "near", 4),
    "c torn": ("c torn", "representative", 2),
    "c torn again": ("c torn", "bytes", 2),
    "white and larger": ("white and larger", "representative", 2),
    "white": ("white and larger", "thumbnail", 2),
}
MEMBERS_AND_LATE = {
    image_id: (*found[:2], 5 if found[0] == "a as bmp" else found[2]) for image_id, found in MEMBERS.items()
}
MEMBERS_AND_LATE["a late"] = ("a as bmp", "near", 5)
LABELS = {"a original": "Lion", "a as bmp": "Lion", "a small": "Tiger", "white": "Snow", "white and larger": "Snow"}


def lake_of(spark: SparkSession, root: Path, with_features: bool = True) -> Lake:
    """The planted files and an image that is listed only."""
    rows = planted(FILES, with_features)
    rows["images"].append({"image_id": "listed", "split": "train", "has_bytes": False})
    rows["labels_clean"] = [
        {"image_id": image_id, "label_id": f"/m/{label}", "label": label} for image_id, label in LABELS.items()
    ]
    return plant_tables(spark, root, JOB.reads, rows)


def rows_of(lake: Lake, name: str, *key: str) -> dict[tuple[Any, ...], dict[str, Any]]:
    """The rows of a table by some of their cells."""
    rows = (row.asDict() for row in lake.read(name).collect())
    return {tuple(row[column] for column in key): row for row in rows}


def members_of(lake: Lake) -> dict[str, tuple[Any, ...]]:
    """Image -> its representative, evidence, and the images of its group."""
    rows = rows_of(lake, "duplicate_groups", "image_id")
    return {image_id: cells(row, "representative_id", "evidence", "images") for (image_id,), row in rows.items()}


def cells(row: dict[str, Any], *names: str) -> tuple[Any, ...]:
    """Some cells of a row."""
    return tuple(row[name] for name in names)


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """The planted files with features, before any run."""
    return lake_of(spark, tmp_path_factory.mktemp("duplicates") / "lake")


@pytest.fixture(scope="module")
def outcome(lake: Lake) -> Outcome:
    """The first run on them."""
    return execute(JOB, lake, load_config())


def test_groups_have_their_evidence(lake: Lake, outcome: Outcome) -> None:
    """Copies by bytes, by pixels and by look stand beside the largest image; no other image has a group."""
    assert members_of(lake) == MEMBERS
    pairs = rows_of(lake, "duplicate_pairs", "image_id", "other_id")
    near = pairs["a as bmp", "a small"]
    assert cells(near, "evidence", "split", "other_split", "leak", "verified") == ("near", "test", "test", False, True)
    assert near["ssim"] > 0.8
    assert near["distance"] < 20
    assert near["features_cosine"] > 0.9
    assert near["whole_cosine"] > 0.9
    assert cells(pairs["a as bmp", "a copied"], "evidence", "leak", "score") == ("pixels", True, 1.0)
    assert all(row["verified"] or row["score"] >= 0.005 for row in pairs.values())
    assert outcome.work is not None
    (account,) = outcome.work.accounts
    assert (account.rows_in, account.kept, account.rejected) == (len(FILES) + 1, len(FILES), {"no_bytes": 1})


def test_conflicts_and_counts(lake: Lake, outcome: Outcome) -> None:
    """A group in two splits leaks, one whose labels have nothing in common conflicts, and both are counted."""
    conflicts = rows_of(lake, "duplicate_conflicts", "conflict")
    described = {name: cells(row, "representative_id", "values", "images") for (name,), row in conflicts.items()}
    assert described == {"labels": ("a as bmp", ["Lion", "Tiger"], 3), "splits": ("a as bmp", ["test", "train"], 4)}
    counts = {
        key: cells(row, "images", "in_groups", "redundant", "leaked", "conflicting")
        for key, row in rows_of(lake, "duplicate_counts", "split", "label").items()
    }
    assert counts["train", None] == (7, 6, 4, 2, 2)
    assert counts["test", None] == (39, 2, 1, 2, 2)
    assert counts["train", "Snow"] == (2, 2, 1, 0, 0)
    assert counts["test", "Tiger"] == (1, 1, 1, 1, 1)
    assert outcome.work is not None
    notes = outcome.work.notes
    assert notes["exact duplicates"].startswith("3 images")
    assert notes["leaks"] == "1 groups in several splits; test: 2 of 39 images; train: 2 of 7 images"


def test_thumbnails_alone_find_the_same(spark: SparkSession, tmp_path: Path) -> None:
    """Without features the groups are equal."""
    lake = lake_of(spark, tmp_path, with_features=False)
    execute(JOB, lake, load_config())
    assert members_of(lake) == MEMBERS
    assert rows_of(lake, "duplicate_pairs", "image_id", "other_id")["a as bmp", "a small"]["features_cosine"] is None


def test_stricter_thresholds_leave_exact_ones(lake: Lake, outcome: Outcome) -> None:
    """Where no near pair is good enough, equal bytes and pixels still are duplicates."""
    assert outcome.published
    execute(JOB, lake, load_config([], ["duplicates.max_distance=0"]))
    evidence = {name for (name,) in rows_of(lake, "duplicate_groups", "evidence")}
    assert evidence == {"representative", "bytes", "pixels", "thumbnail"}


def test_a_second_run_compares_what_is_new(spark: SparkSession, tmp_path: Path) -> None:
    """After two images came and one went only their pairs are compared; the tables are those of a whole run."""
    # Floors so low that nearly every picture has ten neighbours.
    config = load_config([], [f"duplicates.min_{name}_cosine=0.1" for name in ("features", "thumbnail")])
    edited = encoded(LARGE, "JPEG", side=100, quality=60)
    late = {"a late": (edited, "test"), "z late": (encoded(picture(77)), "train")}
    gone = {"gone": (encoded(picture(50)), "test")}
    lake = plant_tables(spark, tmp_path / "twice", JOB.reads, planted(FILES | gone))
    first = execute(JOB, lake, config)
    plant_tables(spark, tmp_path / "twice", JOB.reads, planted(FILES | late))
    second = execute(JOB, lake, config)
    whole = plant_tables(spark, tmp_path / "once", JOB.reads, planted(FILES | late))
    fresh = execute(JOB, whole, config)
    assert first.work is not None
    assert second.work is not None
    assert fresh.work is not None
    pairs, taken = second.work.rows[COMPARISONS], second.work.taken_over[COMPARISONS]
    assert not first.work.taken_over
    assert pairs == fresh.work.rows[COMPARISONS]
    assert 0 < pairs - taken < pairs / 3
    for name in TABLES.keys() & JOB.writes:
        found, expected = (sorted(map(repr, one.read(name).collect())) for one in (lake, whole))
        assert found == expected, name


def test_spaces_last_until_the_network_is_another(spark: SparkSession, tmp_path: Path) -> None:
    """A few new images are compared in the spaces of before, and found all the same; another network has new spaces."""
    late = {"a late": (encoded(LARGE, "JPEG", side=100, quality=60), "test")}
    notes, spaces = [], []
    for files, recipe in ((FILES, "one"), (FILES | late, "one"), (FILES, "another")):
        lake = plant_tables(spark, tmp_path, JOB.reads, planted(files), recipe)
        outcome = execute(JOB, lake, load_config())
        assert outcome.work is not None
        notes.append("learnt" in outcome.work.notes)
        with np.load(Path(lake.folder(SPACES).removeprefix("file://")) / "arrays.npz") as arrays:
            spaces.append(arrays["thumbnail_axes"])
        if "a late" in files:
            assert members_of(lake) == MEMBERS_AND_LATE
    assert notes == [False, True, False]
    assert np.array_equal(spaces[0], spaces[1])


def test_an_empty_lake_has_none(spark: SparkSession, tmp_path: Path) -> None:
    """No images, no duplicates, no error."""
    outcome = execute(JOB, plant_tables(spark, tmp_path, JOB.reads, {}), load_config())
    assert outcome.work is not None
    assert {outcome.work.rows[name] for name in TABLES.keys() & JOB.writes} == {0}
