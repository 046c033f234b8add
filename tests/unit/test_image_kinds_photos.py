"""Real photos and drawings: a discriminant of the network's features tells ones that it has never seen."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import numpy as np

from imagelake.measures.discriminant import Discriminant, auc
from imagelake.samples import training_images
from imagelake.vision.engine import unit_length
from imagelake.vision.litert import LiteRtEngine, convert
from imagelake.vision.mobilenet import build_model
from imagelake.vision.preprocess import InputSettings, prepare, resize_for_model

SIDE = 128


def test_drawings_are_told_from_photos(shared_data: Path) -> None:
    """Learnt from photos of half of the animals and some drawings; judged by the other animals and other drawings."""
    weights = shared_data / "weights" / f"mobilenet_v1_0.25_{SIDE}.weights.h5"
    engine = LiteRtEngine(convert(build_model("mobilenet_v1", 0.25, SIDE, weights=weights)))

    def seen(pixels: Iterable[np.ndarray]) -> np.ndarray:
        return unit_length(engine.run(np.stack(list(pixels))).features)

    folders = sorted((shared_data / "photos" / "caltech101_animals").iterdir())
    folders = [folder for folder in folders if folder.is_dir()]
    chooser = random.Random(1)
    photos = [
        seen(
            prepare(file.read_bytes(), InputSettings(SIDE, "squeeze"))
            for folder in folders[half::2]
            for file in chooser.sample(sorted(folder.glob("*.jpg")), 12)
        )
        for half in (0, 1)
    ]
    drawings = [
        seen(resize_for_model(np.asarray(image), SIDE, "squeeze") for image, _ in islice(training_images(60, seed), 60))
        for seed in (1, 2)
    ]
    learnt = Discriminant.of(photos[0], drawings[0], 0.5)
    as_photo, as_drawing = (learnt.probabilities(rows[1]) for rows in (photos, drawings))
    # Some of the "photos" of that collection are drawings themselves.
    assert auc(as_photo, as_drawing) > 0.97
    assert np.mean(np.concatenate([as_photo < 0.5, as_drawing >= 0.5])) > 0.9
