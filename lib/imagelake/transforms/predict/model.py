"""The configured model: converted once, kept beside the tables as one file; and what it is given."""

from __future__ import annotations

import hashlib
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.transforms.predict.earlier_conversion import made_of
from imagelake.transforms.predict.predict import PredictSettings
from imagelake.vision.converted_networks import kept_or_made
from imagelake.vision.extractor import description_file
from imagelake.vision.limits import Limits
from imagelake.vision.mobilenet import build_model
from imagelake.vision.network_card import CARD, NetworkCard
from imagelake.vision.packed import PackedModel, pack
from imagelake.vision.preprocess import InputSettings
from imagelake.vision.weights_network import hyperparameters_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from imagelake.config import ImagesSection, ModelSection
    from imagelake.lake.manifest import Manifest
    from imagelake.taxonomy.class_map import ClassMap

# The settings that predictions depend on.
PREDICTION_SETTINGS = ("model", "images")
# The network of the drawn sample, converted: who runs the sample needs no TensorFlow.
SAMPLE_NETWORK = "samples/weights/mobilenet_v1_0.25_128.tflite"


def convert_model(
    model: ModelSection, classes: int, weights: Path, calibration: NDArray[np.uint8] | None = None
) -> PackedModel:
    """Build the network, fill it with its weights and pack it for its engine; takes TensorFlow, on the driver.

    That of the drawn sample is converted already, and one in float32 that this machine has converted before is kept.

    Args:
        model: the network.
        classes: how many it tells apart.
        weights: a local file.
        calibration: prepared images uint8 [N, S, S, 3], which int8 takes its ranges from; None for float32.

    Raises:
        ImageLakeError: the weights are made for another network; the message names both.
    """
    if model.ships_converted:
        return PackedModel("litert", (resources.files("imagelake") / SAMPLE_NETWORK).read_bytes())

    def packed() -> PackedModel:
        network = build_model(model.architecture, model.alpha, model.resolution, classes, weights)
        return pack(network, model.engine, calibration)

    if model.engine != "litert" or calibration is not None:
        return packed()
    return PackedModel("litert", kept_or_made(made_of(model, classes), weights, lambda: packed().payload))


def conversion_settings(model: ModelSection) -> dict[str, object]:
    """The settings that the converted network depends on, those of its calibration among them."""
    names = {"architecture", "alpha", "resolution", "weights", "classes", "engine", "precision"}
    calibrating = {"framing", "scaled_decode", "calibration_images"} if model.precision == "int8" else set()
    return {name: getattr(model, name) for name in sorted(names | calibrating)}


def save_network(
    packed: PackedModel, model: ModelSection, class_map: ClassMap, folder: Path, calibrated_of: int | None = None
) -> Path:
    """Write the file that executors get, and the card that says what it is; returns the first."""
    file = folder / network_file(model)
    file.write_bytes(packed.payload)
    if packed.extractor:
        (folder / packed.extractor.file).write_bytes(packed.extractor.payload)
        (folder / description_file(packed.extractor.file)).write_text(packed.extractor.description_text, "utf-8")
    (folder / CARD).write_text(network_card(packed, model, class_map, calibrated_of).to_json(), encoding="utf-8")
    return file


def network_name(model: ModelSection) -> str:
    """The short name of a network, such as mobilenet_v1 0.25 at 128 px."""
    return f"{model.architecture} {model.alpha:g} at {model.resolution} px"


def described_weights(model: ModelSection, weights: Path) -> str:
    """The weights by what they are called, the file that was read, and its hash."""
    named = {"sample": "the embedded ones of ten drawn animals", "imagenet": f"ImageNet's, {weights}"}
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    return f"{named.get(model.weights, model.weights)}, SHA-256 {digest}"


def network_card(
    packed: PackedModel, model: ModelSection, class_map: ClassMap, calibrated_of: int | None = None
) -> NetworkCard:
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
        extractor=packed.extractor.file if packed.extractor else None,
        calibrated_of=calibrated_of,
    )


def network_file(model: ModelSection) -> str:
    """The file name of a converted network, with its engine and precision."""
    if model.engine == "tensorflow":
        return "network.keras"
    return "network.int8.tflite" if model.precision == "int8" else "network.tflite"


def features_name(packed: PackedModel, model: ModelSection) -> str:
    """The name of a network's features; features of equal names can be compared."""
    if packed.extractor:
        return f"{packed.extractor.name}, {model.framing}"
    digest = hashlib.sha256(packed.payload).hexdigest()[:12]
    return f"{network_name(model)}, {model.framing}, {model.engine} {model.precision} {digest}"


def require_features(predictions: Manifest, network: Manifest, settings_digest: str) -> None:
    """Make sure that published predictions hold the features of the network beside them, prepared as configured.

    Args:
        predictions: of the table.
        network: of the folder model.
        settings_digest: of PREDICTION_SETTINGS, as configured.

    Raises:
        ImageLakeError: they were made with another network or other settings.
    """
    same_settings = predictions.config_digest == settings_digest
    if predictions.inputs.get("model") != network.run_id or not same_settings:
        raise ImageLakeError(
            "the features in predictions were made with another network, or with other settings than the given ones "
            "in [model] and [images]: give the same settings, or run predict_images again"
        )


def of_weights(model: ModelSection, weights: Path) -> ModelSection:
    """The model with the family and width that are read from its weights, a local file.

    Raises:
        ImageLakeError: the weights hold no network of these families.
    """
    found = hyperparameters_of(weights)
    return model.model_copy(update={"architecture": found.architecture, "alpha": found.alpha})


def image_limits(images: ImagesSection) -> Limits:
    """What one image may cost."""
    return Limits(images.max_pixels, images.max_bytes, images.timeout_s, images.formats)


def input_settings(model: ModelSection, limits: Limits) -> InputSettings:
    """How an image becomes the network's input."""
    return InputSettings(model.resolution, model.framing, limits, model.scaled_decode)


def predict_settings(model: ModelSection, limits: Limits, class_names: Sequence[str]) -> PredictSettings:
    """How images are scored."""
    return PredictSettings(
        input_settings(model, limits), model.batch_size, model.top_k, tuple(class_names), model.features
    )
