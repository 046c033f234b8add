"""Networks that are small enough to start at random: on stored features, and on grey images of 64 x 64.

Each function gives the classifying layer's input, [N, E], and the features that the network has of an image.
Letters: N images, D features, S the input's side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from imagelake.vision.tensorflow_import import import_tensorflow


def hidden_layers(features: Any, widths: Sequence[int], dropout: float) -> Any:
    """Dense layers on features [N, D], with dropout between them."""
    layers = import_tensorflow().keras.layers
    for number, width in enumerate(widths):
        features = layers.Dropout(dropout)(features) if number else features
        features = layers.Dense(width, activation="relu")(features)
    return features


def convolutional_head(features: Any) -> Any:
    """Three convolutions along features [N, D] in the order in which they are stored, each halving it."""
    layers = import_tensorflow().keras.layers
    values = layers.Reshape((features.shape[1], 1))(features)
    for filters in (32, 64, 128):
        values = layers.Conv1D(filters, 3, padding="same", activation="relu")(values)
        values = layers.MaxPooling1D(2, padding="same")(values)
    return layers.Flatten()(values)


def small_cnn(model: str, pixels: Any) -> tuple[Any, Any]:
    """One of three CNNs on grey images [N, 64, 64, 1] with levels 0 to 1, and its last feature map, averaged.

    With three classes cnn_large has 3,705,475 parameters, cnn_medium 1,968,707 and cnn_small 92,579.
    """
    layers = import_tensorflow().keras.layers
    maps = layers.Conv2D(32, 3, activation="relu")(pixels)
    if model == "cnn_large":
        maps = layers.Conv2D(64, 3, activation="relu")(maps)
    maps = layers.MaxPooling2D(2)(maps)
    values = layers.Flatten()(maps)
    if model != "cnn_small":
        values = layers.Dense(64, activation="relu")(values)
    return values, layers.GlobalAveragePooling2D()(maps)
