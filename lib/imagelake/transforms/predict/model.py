"""The configured model: converted once, published as one file, and broadcast to the executors as bytes."""

from __future__ import annotations

import hashlib
import tempfile
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_uri
from imagelake.transforms.predict.predict import PredictSettings
from imagelake.vision.limits import Limits
from imagelake.vision.mobilenet import build_model
from imagelake.vision.network_card import CARD, NetworkCard
from imagelake.vision.packed import PackedModel, pack
from imagelake.vision.preprocess import InputSettings
from imagelake.vision.weights_network import hyperparameters_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from imagelake.config import Config, ModelSection
    from imagelake.lake.manifest import Manifest
    from imagelake.lake.storage import Storage
    from imagelake.taxonomy.class_map import ClassMap

# The settings that predictions depend on.
PREDICTION_SETTINGS = ("model", "images")
SAMPLE_WEIGHTS = "samples/weights/mobilenet_v1_0.25_128.weights.h5"


def convert_model(
    model: ModelSection, classes: int, storage: Storage, calibration: NDArray[np.uint8] | None = None
) -> PackedModel:
    """Build the network, fill it with its weights and pack it for its engine; takes TensorFlow, on the driver.

    Args:
        model: the network.
        classes: the number of classes.
        storage: where its weights are read.
        calibration: prepared images uint8 [N, S, S, 3] for the ranges of int8; None for float32.

    Raises:
        ImageLakeError: the weights are missing or made for another network; the message names both.
    """
    with tempfile.TemporaryDirectory() as scratch:
        weights = _local_weights(model.weights, Path(scratch), storage)
        network = build_model(model.architecture, model.alpha, model.resolution, classes, weights)
        return pack(network, model.engine, calibration)


def save_network(packed: PackedModel, model: ModelSection, class_map: ClassMap, folder: Path) -> Path:
    """Write the file that `load_network` reads, and its network card; returns the first."""
    file = folder / network_file(model)
    file.write_bytes(packed.payload)
    (folder / CARD).write_text(network_card(packed, model, class_map).to_json(), encoding="utf-8")
    return file


def network_name(model: ModelSection) -> str:
    """The short name of a network, such as mobilenet_v1 0.25 at 128 px."""
    return f"{model.architecture} {model.alpha:g} at {model.resolution} px"


def network_card(packed: PackedModel, model: ModelSection, class_map: ClassMap) -> NetworkCard:
    """The network card of the configured network."""
    return NetworkCard(
        name=network_name(model),
        features=features_name(packed, model),
        file=network_file(model),
        engine=model.engine,
        precision=model.precision,
        resolution=model.resolution,
        framing=model.framing,
        classes=tuple(model_class.name for model_class in class_map.classes),
    )


def network_file(model: ModelSection) -> str:
    """The file name of a converted network, with its engine and precision."""
    if model.engine == "tensorflow":
        return "network.keras"
    return "network.int8.tflite" if model.precision == "int8" else "network.tflite"


def load_network(folder: str, model: ModelSection, storage: Storage) -> PackedModel:
    """The converted network of a published folder, which needs no TensorFlow where its engine is LiteRT.

    Raises:
        ImageLakeError: it was converted for another engine or precision than the configured one.
    """
    file = f"{folder}/{network_file(model)}"
    if not storage.exists(file):
        raise ImageLakeError(
            f"{folder} holds no network for model.engine={model.engine} and model.precision={model.precision}: "
            "run convert_model with them"
        )
    return PackedModel(model.engine, storage.read_bytes(file))


def features_name(packed: PackedModel, model: ModelSection) -> str:
    """The name of a network's features; features of equal names can be compared."""
    digest = hashlib.sha256(packed.payload).hexdigest()[:12]
    return f"{network_name(model)}, {model.framing}, {model.engine} {model.precision} {digest}"


def require_features(predictions: Manifest, network: Manifest, config: Config) -> None:
    """Check that the published predictions have the features of the published network in the configured framing.

    Raises:
        ImageLakeError: they were made with another network or other settings.
    """
    same_settings = predictions.config_digest == config.digest(PREDICTION_SETTINGS)
    if predictions.inputs.get("model") != network.run_id or not same_settings:
        raise ImageLakeError(
            "the features in predictions were made with another network, or with other settings than the given ones "
            "in [model] and [images]: give the same settings, or run predict_images again"
        )


def _local_weights(weights: str, scratch: Path, storage: Storage) -> Path | Literal["imagenet"]:
    if weights == "imagenet":
        return "imagenet"
    local = scratch / Path(weights).name
    if weights == "sample":
        local.write_bytes((resources.files("imagelake") / SAMPLE_WEIGHTS).read_bytes())
    else:
        storage.download(to_uri(weights), local)
    return local


def with_weights(model: ModelSection, weights: str, storage: Storage) -> ModelSection:
    """The model with other weights: family and width are read from them.

    For the weights ``imagenet`` they stay as configured.

    Raises:
        ImageLakeError: the weights are missing or hold no network of these families.
    """
    with tempfile.TemporaryDirectory() as scratch:
        local = _local_weights(weights, Path(scratch), storage)
        if local == "imagenet":
            return model.model_copy(update={"weights": weights})
        found = hyperparameters_of(local)
    return model.model_copy(update={"weights": weights, "architecture": found.architecture, "alpha": found.alpha})


def weights_files(model: ModelSection) -> tuple[str, ...]:
    """The user's own weights; those of the library are part of the code version."""
    return () if model.weights in ("sample", "imagenet") else (to_uri(model.weights),)


def input_settings(config: Config) -> InputSettings:
    """The preprocessing settings."""
    model = config.model
    return InputSettings(model.resolution, model.framing, image_limits(config), model.scaled_decode)


def image_limits(config: Config) -> Limits:
    """What one image may cost."""
    images = config.images
    return Limits(images.max_pixels, images.max_bytes, images.timeout_s, images.formats)


def predict_settings(config: Config, class_map: ClassMap) -> PredictSettings:
    """How images are scored."""
    names = tuple(model_class.name for model_class in class_map.classes)
    model = config.model
    return PredictSettings(input_settings(config), model.batch_size, model.top_k, names, model.features)
