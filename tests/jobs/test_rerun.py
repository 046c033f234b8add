"""A rerun costs what changed: rows of the last run hold where bytes and recipe are the same, and equal a full run's."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.installation import PACKAGE, SAMPLE_WEIGHTS
from imagelake.lake.check import check_lake
from imagelake.lake.lake import Lake
from imagelake.lake.published import open_lake
from imagelake.runtime import linked_files
from imagelake.runtime.job import Outcome, execute
from pipeline_steps import job

STEPS = ("ingest_images", "convert_model", "predict_images", "build_image_index")
COMPARED = {"images": "image_id", "image_bytes": "image_id", "predictions": "image_id", "image_index": "image_id"}
# By their path: under their own name they meet drawn images alone.
WEIGHTS = PACKAGE / SAMPLE_WEIGHTS
IMAGES, NEW, GONE, CHANGED = 60, 3, 2, 1


def photo(number: int) -> bytes:
    """A small image of its own, every tenth cut off in the middle."""
    file = io.BytesIO()
    pixels = np.random.default_rng(number).integers(0, 256, (40, 60, 3), np.uint8)
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()[: 2_000 if number % 10 == 9 else None]


@dataclass
class Photos:
    """A folder of photos and the lake that is made of it."""

    folder: Path
    lake: Lake

    def add(self, *numbers: int) -> None:
        """Put photos there, in two folders."""
        for number in numbers:
            file = self.folder / f"of {number % 2}" / f"{number}.png"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(photo(number))

    def run(
        self, *settings: str, lake: Lake | None = None, force: bool = False, steps: Sequence[str] = STEPS
    ) -> dict[str, Outcome]:
        """Run steps, by default all that look at images; how each ended."""
        into = lake or self.lake
        source = [f"lake.root={into.root}", "source.type=folder", f"source.path={self.folder}"]
        config = load_config(settings=[*source, f"model.weights={WEIGHTS}", "index.exact_below=0", *settings])
        return {step: execute(job(step), into, config, force) for step in steps}


def counted(outcomes: dict[str, Outcome]) -> dict[str, int]:
    """What executors counted, in all jobs that ran."""
    return {
        name: counter.value
        for outcome in outcomes.values()
        if outcome.work
        for name, counter in outcome.work.counters.items()
    }


def work_on(images: int, decodable: int) -> dict[str, int]:
    """What is counted where so many images are read."""
    return {"headers read": images, "decoded": images, "passed through the network": decodable}


def tables(lake: Lake) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the tables that hold a row an image, in the order of their names."""
    return {name: [tuple(row) for row in lake.read(name).orderBy(key).collect()] for name, key in COMPARED.items()}


@pytest.fixture(scope="module")
def photos(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Photos:
    """Photos of which a lake was made."""
    made = Photos(tmp_path_factory.mktemp("photos"), Lake(spark, str(tmp_path_factory.mktemp("lakes") / "lake")))
    made.add(*range(IMAGES))
    first = made.run()
    assert counted(first) == work_on(IMAGES, IMAGES - 6)
    return made


def test_a_rerun_makes_what_changed_and_equals_a_full_run(photos: Photos, tmp_path: Path) -> None:
    """New and changed photos are read, decoded and predicted, no other is; every table equals that of a fresh lake."""
    photos.add(*range(IMAGES, IMAGES + NEW))
    for number in range(GONE):
        (photos.folder / f"of {number % 2}" / f"{number}.png").unlink()
    changed = photos.folder / "of 0" / "20.png"
    changed.write_bytes(photo(1_000))
    rerun = photos.run()
    assert counted(rerun) == work_on(NEW + CHANGED, NEW + CHANGED)
    manifests = {name: photos.lake.require(name) for name in COMPARED}
    kept = IMAGES - GONE - CHANGED
    assert {name: manifest.taken_over for name, manifest in manifests.items()} == {
        "images": 0,  # joined anew: only the headers were taken over
        "image_bytes": kept,
        "predictions": kept,
        "image_index": kept - 6,
    }
    assert manifests["predictions"].rows == kept + NEW + CHANGED
    assert manifests["predictions"].images_per_second is None  # which the images taken over would make a boast
    fresh = Lake(photos.lake.spark, str(tmp_path / "fresh"))
    photos.run(lake=fresh)
    ours, full = tables(photos.lake), tables(fresh)
    for name in ("images", "image_bytes", "predictions"):
        assert ours[name] == full[name], name
    # The quantizer is of the first run as long as the lake has not doubled, so cells and codes may differ.
    assert [row[1] for row in ours["image_index"]] == [row[1] for row in full["image_index"]]


def test_photos_that_are_gone_cost_nothing(photos: Photos) -> None:
    """A run after deletions alone decodes no image, and the rows of the deleted ones are gone."""
    (photos.folder / "of 1" / "31.png").unlink()
    assert counted(photos.run()) == work_on(0, 0)
    for name in COMPARED:
        assert "of 1/31.png" not in {row["image_id"] for row in photos.lake.read(name).collect()}


def test_another_recipe_makes_every_row_anew(photos: Photos) -> None:
    """Another framing predicts all images again and reads no header; another limit of an image reads all headers."""
    before = photos.lake.require("image_bytes").rows
    squeezed = counted(photos.run("model.framing=squeeze", steps=["predict_images"]))
    assert squeezed == {"decoded": before, "passed through the network": before - 6}
    limited = counted(photos.run("images.max_pixels=1000000", steps=["ingest_images"]))
    assert limited == {"headers read": before}


def test_a_forced_run_takes_nothing_over(photos: Photos) -> None:
    """--force reads and predicts everything, and learns the index anew."""
    rows = photos.lake.require("image_bytes").rows
    forced = photos.run(force=True)
    assert counted(forced) == work_on(rows, rows - 6)
    assert {photos.lake.require(name).taken_over for name in COMPARED} == {0}
    index = forced["build_image_index"].work
    assert index is not None
    assert "earlier" not in index.notes.get("trained", "")


def test_files_whose_rows_all_stay_are_linked(photos: Photos, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After one photo came and one went, files without that one are those of before, and every row is there once."""
    monkeypatch.setattr(linked_files, "LEAST_BYTES", 0)
    names = ("image_bytes", "predictions")
    before = {name: inodes(photos.lake, name) for name in names}
    assert min(map(len, before.values())) > 1
    (photos.folder / "of 1" / "33.png").unlink()
    photos.add(3_000)
    photos.run(steps=STEPS)
    for name in names:
        linked = before[name] & inodes(photos.lake, name)
        assert 0 < len(linked) < len(before[name]), name
    assert not [found for found in check_lake(open_lake(photos.lake.root)) if found.problems]
    fresh = Lake(photos.lake.spark, str(tmp_path / "fresh"))
    photos.run(lake=fresh)
    assert {name: tables(photos.lake)[name] for name in names} == {name: tables(fresh)[name] for name in names}


def inodes(lake: Lake, name: str) -> set[int]:
    """Which files on the disk a table's parts are."""
    folder = Path(lake.folder(name).removeprefix("file://"))
    return {part.stat().st_ino for part in folder.glob("*.parquet")}


@pytest.mark.tried("Killed on one machine", "a byte of an earlier table flipped", "a rerun takes nothing over from it")
def test_a_damaged_table_is_no_source(photos: Photos) -> None:
    """One flipped byte in a part of predictions: nothing is taken over from it, and its row is right again."""
    right = tables(photos.lake)["predictions"]
    folder = Path(photos.lake.folder("predictions").removeprefix("file://"))
    part = max(folder.glob("*.parquet"), key=lambda file: file.stat().st_size)
    flip(part, part.stat().st_size // 2)
    photos.add(2_000)
    rows = photos.lake.require("image_bytes").rows
    outcome = photos.run(steps=["ingest_images", "predict_images"])
    assert counted(outcome) == {"headers read": 1, "decoded": rows + 1, "passed through the network": rows + 1 - 6}
    assert [row for row in tables(photos.lake)["predictions"] if row[0] != "of 0/2000.png"] == right


@pytest.mark.tried(
    "Killed on one machine", "a byte of a packed photo flipped", "its prediction is a row with an error, and counted"
)
def test_altered_bytes_are_an_error_with_a_reason(photos: Photos) -> None:
    """A byte of a packed photo that flips is seen before anything is built on it: a row with its error, and counted."""
    table = Path(photos.lake.folder("image_bytes").removeprefix("file://"))
    content = (photos.folder / "of 0" / "40.png").read_bytes()
    for part in table.glob("*.parquet"):
        packed = part.read_bytes()
        if (at := packed.find(content)) >= 0:
            flip(part, at + len(content) // 2)
            (table / f".{part.name}.crc").unlink()  # Hadoop's own, which copies of a lake need not have
    outcome = photos.run("model.framing=squeeze", steps=["predict_images"])["predict_images"]
    assert outcome.work is not None
    predictions = photos.lake.read("predictions").where("error = 'altered'").collect()
    assert [row["image_id"] for row in predictions] == ["of 0/40.png"]
    assert predictions[0]["features"] is None
    assert outcome.work.accounts[0].rejected == {"altered": 1, "truncated": IMAGES // 10}


def flip(file: Path, at: int) -> None:
    """Change the byte of a file at a place, its times and its size left as they are."""
    times = file.stat()
    with file.open("r+b") as opened:
        opened.seek(at)
        (byte,) = opened.read(1)
        opened.seek(at)
        opened.write(bytes([byte ^ 0xFF]))
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
