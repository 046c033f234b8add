"""int8 networks: smaller, with the float network's classes and features up to what 8 bits cost."""

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from imagelake.vision.engine import softmax, unit_length
from imagelake.vision.litert import LiteRtEngine, convert
from imagelake.vision.mobilenet import build_model
from imagelake.vision.packed import open_engine, pack
from imagelake.vision.preprocess import InputSettings, prepare
from imagelake.vision.tensorflow_engine import TensorFlowEngine
from imagelake.vision.tensorflow_import import import_tensorflow


@pytest.fixture(scope="module", params=["mobilenet_v1", "mobilenet_v2"])
def tiny(request: pytest.FixtureRequest) -> Any:
    """A random network of 40 classes, whose softmax is a layer of its own in v1 and part of the last one in v2."""
    import_tensorflow().keras.utils.set_random_seed(5)
    model = build_model(request.param, 0.5, 32, classes=40)
    for weight in model.weights:
        if "gamma" in weight.path:
            weight.assign(6 * weight)  # else a random network's activations die out on their way
    return model


@pytest.fixture(scope="module")
def greys() -> NDArray[np.uint8]:
    """Twelve flat images and their noise, of different levels, which reach neither black nor white."""
    levels = np.linspace(40, 200, 12)[:, None, None, None]
    return (levels + np.random.default_rng(2).integers(-20, 20, (12, 32, 32, 3))).astype(np.uint8)


@dataclass(frozen=True)
class Quantised:
    """A converted network, the images that it was calibrated on, and the float network's scores before that."""

    engine: LiteRtEngine
    images: NDArray[np.uint8]
    before: NDArray[np.float32]


@pytest.fixture(scope="module")
def quantised(tiny: Any, greys: NDArray[np.uint8]) -> Quantised:
    """The network in int8; converting it takes longer than all that is asked of it."""
    before, images = TensorFlowEngine(tiny).run(greys).scores, greys.copy()
    return Quantised(LiteRtEngine(convert(tiny, images)), images, before)


@pytest.mark.parametrize("tiny", ["mobilenet_v1"], indirect=True)  # a random v2 is chaotic: any rounding changes all
def test_int8_answers_like_float(tiny: Any, greys: NDArray[np.uint8]) -> None:
    """Scores are near those of the float network, features point its way, although no pixel was black."""
    ours, theirs = open_engine(pack(tiny, "litert", greys)).run(greys), TensorFlowEngine(tiny).run(greys)
    assert np.abs(ours.scores - theirs.scores).max() <= 0.05
    assert np.sum(unit_length(ours.features) * unit_length(theirs.features), axis=1).min() >= 0.95


def test_int8_scores_are_a_softmax(quantised: Quantised, greys: NDArray[np.uint8]) -> None:
    """Scores of both families are 32-bit floats that sum to 1, each row once through a softmax and no more."""
    scored = quantised.engine.run(greys)
    assert (scored.scores.dtype, scored.features.dtype) == (np.dtype(np.float32), np.dtype(np.float32))
    assert scored.scores.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert scored.scores.max() > np.e / 40  # a second softmax could not exceed it by much


def test_calibration_changes_neither_the_network_nor_its_images(
    tiny: Any, quantised: Quantised, greys: NDArray[np.uint8]
) -> None:
    """The Keras model keeps its softmax and the images their pixels."""
    assert np.array_equal(quantised.images, greys)
    assert np.array_equal(TensorFlowEngine(tiny).run(greys).scores, quantised.before)


def test_no_images_have_no_scores(quantised: Quantised, greys: NDArray[np.uint8]) -> None:
    """An empty batch gives empty arrays of the right width."""
    assert quantised.engine.run(greys[:0]).scores.shape == (0, 40)


def test_softmax_neither_overflows_nor_loses_rows() -> None:
    """Huge logits give finite scores that sum to 1, in the proportions of their exponentials; no rows give none."""
    scores = softmax(np.array([[1e4, 1e4 + np.log(3), -1e4]], np.float32))
    np.testing.assert_allclose(scores, [[0.25, 0.75, 0]], atol=1e-3)
    assert softmax(np.empty((0, 3), np.float32)).shape == (0, 3)


def test_int8_costs_little_accuracy_on_photos(shared_data: Path) -> None:
    """On 451 photos, calibrated on 100: top-1 within a point, features of mean cosine 0.995, half the size."""
    animals = shared_data / "photos" / "caltech101_animals"
    with animals.with_name("caltech101_animals_labels.csv").open() as labels:
        classes = {row["folder"]: row["imagenet_classes"] for row in csv.DictReader(labels)}
    files = [file for file in sorted(animals.rglob("*.jpg")) if classes[file.parent.name]][::2]
    truth = [[int(index) for index in classes[file.parent.name].split(";")] for file in files]
    pixels = np.stack([prepare(file.read_bytes(), InputSettings(224)) for file in files])
    weights = shared_data / "weights" / "mobilenet_v1_1.0_224.weights.h5"
    model = build_model("mobilenet_v1", 1.0, 224, weights=weights)
    by_hash = sorted(range(len(files)), key=lambda index: hashlib.sha1(files[index].name.encode()).hexdigest())
    flatbuffers = convert(model), convert(model, pixels[sorted(by_hash[:100])])
    exact, quantised = (LiteRtEngine(flatbuffer).run(pixels) for flatbuffer in flatbuffers)
    right = [
        np.mean([best in true for best, true in zip(scored.scores.argmax(axis=1), truth, strict=True)])
        for scored in (exact, quantised)
    ]
    assert len(files) == 451
    assert right[1] == pytest.approx(right[0], abs=0.01)
    assert np.mean(exact.scores.argmax(axis=1) == quantised.scores.argmax(axis=1)) >= 0.93
    assert np.sum(unit_length(exact.features) * unit_length(quantised.features), axis=1).mean() >= 0.995
    assert len(flatbuffers[1]) < len(flatbuffers[0]) / 2
