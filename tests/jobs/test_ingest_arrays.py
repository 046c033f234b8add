"""Arrays as a source: rows and labels as of photos in class folders, Parquet instead of a file an image."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.exports.cifar_pickle import cifar_batch, cifar_meta
from imagelake.exports.pixels import Pixels
from imagelake.lake.inputs import LocalInputs
from imagelake.lake.lake import Lake
from imagelake.lake.storage import to_uri
from imagelake.runtime.options import config_of
from imagelake.runtime.pipeline_options import pipeline_parser, pipeline_settings
from imagelake.runtime.resolve.labels import check_ingested_label_files
from pipeline_steps import run_steps

PIXELS = np.random.default_rng(3).integers(0, 256, (12, 32, 32, 3), np.uint8)
INGEST = ("ingest_images", "ingest_annotations")


def plant(folder: Path) -> Path:
    """Two batches of CIFAR: dogs and trains, of which a name stands in both batches, and one image has no label."""
    folder.mkdir()
    named = [Pixels(pixels, number % 2, f"image {number:02}") for number, pixels in enumerate(PIXELS)]
    again = Pixels(PIXELS[11], 0, "image 00")
    (folder / "data_batch_1").write_bytes(b"".join(cifar_batch("1", named[:8], 8)))
    (folder / "test_batch").write_bytes(b"".join(cifar_batch("t", [*named[8:11], again], 4)))
    (folder / "batches.meta").write_bytes(cifar_meta(["train", "dog"], 8))
    (folder / "readme.html").write_text("about")
    return folder


def settings(lake: Lake, *arrays: Path) -> list[str]:
    """What a user types."""
    return ["--root", lake.root, "--arrays", *map(str, arrays)]


def ingest(lake: Lake, *words: str) -> None:
    """Run the steps as the command line of the pipeline asks for them."""
    options = pipeline_parser("run", "").parse_args(words)
    run_steps(INGEST, lake, config_of(options, pipeline_settings(options), True))


def test_arrays_become_images_with_labels(spark: SparkSession, tmp_path: Path) -> None:
    """Every level, split and label is there, train as a class too; a name that stands twice is a rejected row."""
    source, lake = plant(tmp_path / "batches"), Lake(spark, str(tmp_path / "lake"))
    ingest(lake, *settings(lake, source))
    images = {row["image_id"]: row.asDict() for row in lake.read("images").collect()}
    assert {name: row["split"] for name, row in images.items()} == {
        f"image {number:02}": "train" if number < 8 else "test" for number in range(11)
    }
    assert {row["path"] for row in images.values()} == {
        to_uri(str(source / name)) for name in ("data_batch_1", "test_batch")
    }
    assert (images["image 01"]["source_label"], images["image 01"]["keyword"]) == ("dog", "dog")
    for row in lake.read("image_bytes").collect():
        pixels = np.asarray(Image.open(io.BytesIO(row["content"])))
        assert np.array_equal(pixels, PIXELS[int(row["image_id"][-2:])])
    labels = {row["image_id"]: (row["label"], row["source"]) for row in lake.read("labels").collect()}
    assert labels == {f"image {number:02}": ("Dog" if number % 2 else "Train", "array") for number in range(11)}
    (rejected,) = lake.read("images_rejected").collect()
    assert (rejected["source_file"], rejected["reason"]) == ("test_batch", "duplicate_image_id")
    assert {row["folder"]: row["images"] for row in lake.read("class_folders").collect()} == {"dog": 5, "train": 6}
    assert not list((tmp_path / "lake").rglob("*.png"))


def test_a_second_run_takes_over_what_is_unchanged(spark: SparkSession, tmp_path: Path) -> None:
    """Nothing changed: nothing runs. A file added: headers of its images alone are read."""
    source, lake = plant(tmp_path / "batches"), Lake(spark, str(tmp_path / "lake"))
    ingest(lake, *settings(lake, source))
    first = lake.require("images")
    ingest(lake, *settings(lake, source))
    assert lake.require("images").run_id == first.run_id
    np.save(tmp_path / "more.npy", PIXELS[:1, ..., 0])
    (tmp_path / "more.csv").write_text("label,image_id\ndog,grey\n", encoding="utf-8")
    ingest(lake, *settings(lake, source, tmp_path / "more.npy"))
    assert lake.require("images").rows == 12
    assert lake.require("image_bytes").taken_over == 11
    (grey,) = lake.read("images").where("image_id = 'grey'").collect()
    assert (grey["mode"], grey["split"], grey["source_label"]) == ("L", "all", "dog")


def test_keywords_say_which_images_are_candidates(spark: SparkSession, tmp_path: Path) -> None:
    """An image has the label of its keyword, none where that has no label, and of several labels its own."""
    np.save(tmp_path / "found.npy", PIXELS[:6])
    rows = "keyword,label\nTabby_cat,wrong\ntabby cat,\nliner,wrong\ncalculator,wrong\ncruiser,car\ncruiser,wrong\n"
    (tmp_path / "found.csv").write_text(rows, encoding="utf-8")
    words = tmp_path / "keywords.json"
    words.write_text(
        '{"Cat": ["tabby_cat", "tomcat"], "ship": ["liner", "cruiser"], "car": ["cruiser"]}', encoding="utf-8"
    )
    lake = Lake(spark, str(tmp_path / "lake"))
    ingest(lake, *settings(lake, tmp_path / "found.npy"), "--set", f"source.keywords={words}")
    labels = {row["image_id"]: (row["label"], row["source"]) for row in lake.read("labels").collect()}
    assert labels == {
        "all/found.npy/0000000": ("Cat", "keyword"),
        "all/found.npy/0000001": ("Cat", "keyword"),
        "all/found.npy/0000002": ("ship", "keyword"),
        "all/found.npy/0000004": ("Car", "keyword"),
    }
    with pytest.raises(ImageLakeError, match=r"source.keywords = 'none.json': there is no such file"):
        check_ingested_label_files(load_config(settings=["source.keywords=none.json"]), LocalInputs())


def test_what_is_no_array_ends_the_run(spark: SparkSession, tmp_path: Path) -> None:
    """A pickle that asks for a function, a folder without arrays, no file at all: named, and nothing is published."""
    lake, empty, harmful = Lake(spark, str(tmp_path / "lake")), tmp_path / "empty", tmp_path / "data_batch_1"
    empty.mkdir()
    harmful.write_bytes(b"cos\nsystem\n(S'true'\ntR.")
    for words, message in (
        ([str(harmful)], "data_batch_1: the pickle asks for os.system"),
        ([str(empty)], "empty: there is no array file"),
    ):
        with pytest.raises(ImageLakeError, match=message):
            ingest(lake, "--root", lake.root, "--arrays", *words)
    assert lake.manifest("images") is None
    with pytest.raises(ImageLakeError, match=r"needs source\.arrays"):
        run_steps(INGEST, lake, load_config(settings=["source.type=arrays", f"lake.root={lake.root}"]))
    named = load_config(settings=[f'source.arrays=["{empty}"]'])
    assert (named.source.type, named.model.classes) == ("arrays", "imagenet")
