"""The images that int8 is calibrated on: few, the same ones however the lake is cut, decodable."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import DataFrame, SparkSession
from table_rows import table_of

from imagelake.errors import ImageLakeError
from imagelake.transforms.predict.calibration import FEWEST, calibration_images
from imagelake.vision.preprocess import InputSettings, prepare

SETTINGS = InputSettings(32)


def content(number: int) -> bytes:
    """One flat grey for each number."""
    file = io.BytesIO()
    Image.new("RGB", (40, 40), (number, number, number)).save(file, "PNG")
    return file.getvalue()


def stored(spark: SparkSession, contents: Mapping[str, bytes | None], folder: Path, files: int) -> DataFrame:
    """An image_bytes table in so many files."""
    rows = [{"image_id": image_id, "content": data} for image_id, data in contents.items()]
    table_of(spark, "image_bytes", rows).repartition(files).write.parquet(str(folder))
    return spark.read.parquet(str(folder))


def test_the_first_hashes_are_taken(spark: SparkSession, tmp_path: Path) -> None:
    """Of 40 images in 1 or 5 files those 15 with the first SHA-1, as their inputs, in the order of their names."""
    contents = {f"image {number}": content(number) for number in range(40)}
    chosen = sorted(sorted(contents, key=lambda image_id: hashlib.sha1(image_id.encode()).hexdigest())[:15])
    expected = np.stack([prepare(contents[image_id], SETTINGS) for image_id in chosen])
    for files in (1, 5):
        found = calibration_images(stored(spark, contents, tmp_path / str(files), files), SETTINGS, 15)
        assert np.array_equal(found, expected)


def test_what_cannot_be_decoded_is_left_out(spark: SparkSession, tmp_path: Path) -> None:
    """Bad and missing bytes among the chosen cost only themselves; all images are used where there are fewer."""
    contents = {f"image {number}": content(number) for number in range(FEWEST)} | {"bad": b"<html>", "none": None}
    assert len(calibration_images(stored(spark, contents, tmp_path / "a", 2), SETTINGS, 200)) == FEWEST


@pytest.mark.parametrize(("good", "bad"), [(0, 0), (0, 3), (FEWEST - 1, 1)])
def test_too_few_images_are_an_error(spark: SparkSession, tmp_path: Path, good: int, bad: int) -> None:
    """An empty lake, one of bad images and one image too few end the job; the message counts and names the settings."""
    contents: dict[str, bytes | None] = {f"image {number}": content(number) for number in range(good)}
    contents |= {f"bad {number}": b"<html>" for number in range(bad)}
    with pytest.raises(
        ImageLakeError, match=rf"at least {FEWEST} images.*{good + bad} chosen.* {good} can be decoded.*model\."
    ):
        calibration_images(stored(spark, contents, tmp_path / "lake", 1), SETTINGS, 200)
