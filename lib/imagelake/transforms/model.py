"""The configured model, made ready on the driver: weights from anywhere, packed as bytes for the executors."""

from __future__ import annotations

import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from imagelake.cluster.storage import to_uri
from imagelake.transforms.predict import PredictSettings
from imagelake.vision.limits import Limits
from imagelake.vision.mobilenet import build_model
from imagelake.vision.packed import PackedModel, open_engine, pack
from imagelake.vision.preprocess import InputSettings

if TYPE_CHECKING:
    from imagelake.cluster.storage import Storage
    from imagelake.config import Config, ModelSection
    from imagelake.taxonomy.class_map import ClassMap
    from imagelake.vision.engine import Engine

SAMPLE_WEIGHTS = "samples/weights/mobilenet_v1_0.25_128.weights.h5"


def load_model(model: ModelSection, classes: int, storage: Storage) -> PackedModel:
    """Build the network, fill it and pack it for its engine.

    Raises:
        ImageLakeError: the weights are missing or made for another network; the message names both.
    """
    with tempfile.TemporaryDirectory() as scratch:
        weights = _local_weights(model.weights, Path(scratch), storage)
        return pack(build_model(model.architecture, model.alpha, model.resolution, classes, weights), model.engine)


def load_engine(model: ModelSection, classes: int, storage: Storage) -> Engine:
    """The model opened on the driver itself, for a handful of images."""
    return open_engine(load_model(model, classes, storage))


def _local_weights(weights: str, scratch: Path, storage: Storage) -> Path | Literal["imagenet"]:
    if weights == "imagenet":
        return "imagenet"
    local = scratch / Path(weights).name
    if weights == "sample":
        local.write_bytes((resources.files("imagelake") / SAMPLE_WEIGHTS).read_bytes())
    else:
        storage.download(to_uri(weights), local)
    return local


def model_files(model: ModelSection) -> tuple[str, ...]:
    """The user's own files that the model is made of; what ships with the library is part of its version."""
    named = {"weights": ("sample", "imagenet"), "classes": ("sample", "imagenet")}
    return tuple(to_uri(getattr(model, key)) for key, known in named.items() if getattr(model, key) not in known)


def input_settings(config: Config) -> InputSettings:
    """How an image becomes the network's input."""
    return InputSettings(config.model.resolution, config.model.framing, image_limits(config))


def image_limits(config: Config) -> Limits:
    """What one image may cost."""
    return Limits(config.images.max_pixels, config.images.max_bytes, formats=config.images.formats)


def predict_settings(config: Config, class_map: ClassMap) -> PredictSettings:
    """How images are scored."""
    names = tuple(model_class.name for model_class in class_map.classes)
    return PredictSettings(input_settings(config), config.model.batch_size, config.model.top_k, names)
