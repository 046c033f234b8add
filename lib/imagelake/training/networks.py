"""Networks by name: built for training, and again with the same layers for use.

Letters: N images, D features, K classes, E values before the classifying layer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelake.training.application_networks import application
from imagelake.training.imbalance import adjusted_bias
from imagelake.training.network_settings import GREY, InputForm, NetworkSettings, Start
from imagelake.training.small_networks import convolutional_head, hidden_layers, small_cnn
from imagelake.vision.tensorflow_import import import_tensorflow

_GREY_OF_RGB = (0.299, 0.587, 0.114)  # ITU-R 601, as Pillow has it


@dataclass(frozen=True, eq=False)
class BuiltNetwork:
    """A network and its parts, which share their weights.

    Attributes:
        form: of its input.
        trained: from packed input as numbers to logits [N, K]; what is fitted.
        scoring: from the same to `scores` [N, K], and to `features` [N, C] where the network is on pixels.
        frozen: the layers that are not trained, from packed input as numbers; None where there are none.
        rest: from their output to logits; None where there are none.
    """

    form: InputForm
    trained: Any
    scoring: Any
    frozen: Any = None
    rest: Any = None

    def adjust(self, counts: NDArray[np.int64]) -> None:
        """Make its scores those of labels that are equally frequent, as `imbalance.adjusted_bias` does."""
        layer = self.trained.get_layer("logits")
        kernel, bias = layer.get_weights()
        layer.set_weights([kernel, adjusted_bias(bias.astype(np.float64), counts).astype(np.float32)])

    def published(self) -> Any:
        """The scoring network for what the lake gives it: features [N, D], or RGB pixels [N, S, S, 3] of -1 to 1."""
        if self.form.model not in GREY:
            return self.scoring
        keras = import_tensorflow().keras
        pixels = keras.Input((self.form.side, self.form.side, 3))
        grey = keras.layers.Conv2D(1, 1, trainable=False, name="grey")
        scored = self.scoring(grey(pixels))
        # A Functional of a Functional gives its outputs in the order of their names' dict.
        grey.set_weights([np.array(_GREY_OF_RGB, np.float32).reshape(1, 1, 3, 1) / 2, np.array([0.5], np.float32)])
        return keras.Model(pixels, scored)


def build_network(
    form: InputForm,
    classes: int,
    settings: NetworkSettings,
    start: Start,
    scaling: tuple[NDArray[np.float32], NDArray[np.float32]] | None = None,
) -> BuiltNetwork:
    """A network with weights from a file or at random, by the seed of Keras.

    Args:
        form: of its input, with its name.
        classes: K.
        settings: dropout and widths.
        start: of a network of tf.keras.applications.
        scaling: mean and variance float32 [D] of features; None leaves them as they are.

    Raises:
        ImageLakeError: the weights do not fit, or the network is not for images of this side.
    """
    keras = import_tensorflow().keras
    given, frozen = keras.Input(form.shape), None
    if form.width:
        standard = keras.layers.Normalization(mean=scaling[0], variance=scaling[1])(given) if scaling else given
        features = None
        values = (
            convolutional_head(standard)
            if form.model == "conv1d"
            else hidden_layers(standard, settings.hidden, settings.dropout)
        )
    elif form.model in GREY:
        values, features = small_cnn(form.model, given)
    else:
        maps, frozen = application(form, start, given)
        features = values = keras.layers.GlobalAveragePooling2D(name="pooled")(maps)
    logits = keras.layers.Dense(classes, name="logits")(keras.layers.Dropout(settings.dropout)(values))
    outputs = {"scores": keras.layers.Softmax(name="scores")(logits)}
    if features is not None:
        outputs["features"] = keras.layers.Flatten(name="features")(features)
    trained, scoring = keras.Model(given, logits), keras.Model(given, outputs)
    if frozen is None:
        return BuiltNetwork(form, trained, scoring)
    return BuiltNetwork(form, trained, scoring, keras.Model(given, frozen), keras.Model(frozen, logits))


def input_numbers(packed: NDArray[Any], form: InputForm) -> NDArray[np.float32]:
    """Packed input as a network takes it: features as they are, grey levels as 0 to 1, RGB as -1 to 1."""
    if form.width:
        return np.asarray(packed, np.float32)
    if form.channels == 1:
        return packed.astype(np.float32) / np.float32(255)
    return packed.astype(np.float32) / np.float32(127.5) - np.float32(1)


def parameters_of(built: BuiltNetwork) -> int:
    """How many parameters the network has."""
    weights: Sequence[Any] = built.trained.weights
    return sum(int(np.prod(one.shape)) for one in weights)
