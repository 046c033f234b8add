"""MobileNet v1 and v2 as tf.keras.applications defines them, with a second output for the pooled features."""

from pathlib import Path
from typing import Any

from imagelake.vision.architecture import check_hyperparameters
from imagelake.vision.tensorflow_import import import_tensorflow
from imagelake.vision.weights_file import IMAGENET_CLASSES, load_weights


def build_model(
    architecture: str,
    alpha: float,
    resolution: int,
    classes: int = IMAGENET_CLASSES,
    weights: Path | None = None,
) -> Any:
    """A keras.Model from float32 [N, S, S, 3] in -1 to 1 to `scores` [N, C] (softmax) and `features` [N, D].

    Its own weights file (`model.save_weights`) and that of the plain tf.keras.applications network are the same.

    Args:
        architecture: mobilenet_v1 or mobilenet_v2.
        alpha: the width multiplier.
        resolution: the input's side S in pixels.
        classes: C.
        weights: a local file; None starts at random.

    Raises:
        ImageLakeError: for hyper-parameters that do not exist, with the valid ones.
        WeightsError: for weights that are missing, unreadable or of another network.
    """
    check_hyperparameters(architecture, alpha, resolution)
    base = _family(architecture)(input_shape=(resolution, resolution, 3), alpha=alpha, classes=classes, weights=None)
    if weights is not None:
        load_weights(base, weights, f"{architecture}, alpha {alpha}, {classes} classes")
    return _with_features(base)


def _family(architecture: str) -> Any:
    applications = import_tensorflow().keras.applications
    return {"mobilenet_v1": applications.MobileNet, "mobilenet_v2": applications.MobileNetV2}[architecture]


def _with_features(base: Any) -> Any:
    keras = import_tensorflow().keras
    pooled = next(layer for layer in base.layers if isinstance(layer, keras.layers.GlobalAveragePooling2D))
    features = keras.layers.Flatten(name="features")(pooled.output)  # v1 keeps two axes of length 1
    return keras.Model(base.input, {"scores": base.output, "features": features}, name=base.name)
