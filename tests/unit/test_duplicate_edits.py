"""Edited copies of drawn pictures: those in scope pass the thresholds by thumbnails alone, other pictures do not."""

from __future__ import annotations

import sys

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from PIL import Image

from imagelake.config import load_config
from imagelake.measures.duplicate_score import Thresholds
from imagelake.samples.painting.drawing import draw_animal
from imagelake.transforms.duplicates.looks import OFFSETS
from imagelake.transforms.duplicates.verification import Rules, compare_pairs
from imagelake.vision.decode import Decoded
from imagelake.vision.fingerprint import fingerprint_of
from project import PROJECT

sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks" / "duplicates"))

from planted_edits import EDITS, IN_SCOPE

RULES = load_config().duplicates
COMPARISON = Rules(Thresholds.of(RULES), RULES.shift)


@pytest.fixture(scope="module")
def pictures() -> list[Image.Image]:
    """Drawn animals, all different."""
    animals = ("Lion", "Zebra", "Owl", "Penguin")
    return [draw_animal(animals[number % len(animals)], 31, number).convert("RGB") for number in range(16)]


def verified(first: list[Image.Image], second: list[Image.Image]) -> list[bool]:
    """Which pairs count as duplicates, without features."""
    columns = {}
    for side, images in (("first", first), ("second", second)):
        thumbnails = [fingerprint_of(Decoded(image, image.size, 1)).thumbnail for image in images]
        columns[side] = pa.array(range(len(images)), pa.int64())
        columns[f"{side}_look"] = columns[f"{side}_thumbnail"] = pa.array(thumbnails, pa.binary())
        columns[f"{side}_features_vector"] = pa.nulls(len(images), pa.binary())
        for name in OFFSETS:
            columns[f"{side}_{name}"] = pa.nulls(len(images), pa.float32())
        for space in ("features", "thumbnail"):
            columns[f"{side}_{space}_background"] = pa.array([0.7] * len(images))
    found: list[bool] = compare_pairs(pa.record_batch(columns), COMPARISON)["verified"].to_pylist()
    return found


@pytest.mark.parametrize("name", IN_SCOPE)
def test_an_edit_in_scope_is_a_duplicate(name: str, pictures: list[Image.Image]) -> None:
    """The edited copy of every picture passes the thresholds of the defaults."""
    copies = [EDITS[name](picture, np.random.default_rng(number)) for number, picture in enumerate(pictures)]
    assert all(verified(pictures, copies))


def test_other_pictures_and_mirrored_ones_are_none(pictures: list[Image.Image]) -> None:
    """No two drawn animals are one picture, and hardly any is its own mirror image."""
    assert not any(verified(pictures, pictures[1:] + pictures[:1]))
    mirrored = [EDITS["mirrored"](picture, np.random.default_rng(0)) for picture in pictures]
    assert sum(verified(pictures, mirrored)) <= 2
