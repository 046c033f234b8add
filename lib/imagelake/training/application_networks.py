"""The networks of tf.keras.applications without their classifying layers, started from weights or at random."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from imagelake.errors import ImageLakeError
from imagelake.training.network_settings import InputForm, Start
from imagelake.vision.tensorflow_import import import_tensorflow
from imagelake.vision.weights_file import IMAGENET_CLASSES, WeightsError, count_classes, load_weights, read_layout

_FAMILIES = {"mobilenet_v1": "MobileNet", "mobilenet_v2": "MobileNetV2"}
# conv_dw_13 and conv_pw_13, block_16_expand, conv5_block3_1_conv, block5_conv2, mixed10, expanded_conv_10_project,
# convnext_tiny_stage_3_block_2_identity: one each.
_BLOCK = re.compile(
    r"^((?:[a-z_]*stage_\d+_|conv\d+_)?block_?\d+[a-z]?|conv(?=_[dp]w_)|mixed_?\d+|expanded_conv(?:_\d+)?)"
    r"(?:_[dp]w(_\d+))?"
)


def application(form: InputForm, start: Start, pixels: Any) -> tuple[Any, Any]:
    """The last feature map [N, H, W, C] of a network for pixels [N, S, S, 3] of -1 to 1, and that of its frozen part.

    The normalisation of a network that starts from weights keeps their mean and deviation: a batch has too few images.

    Returns:
        The feature map; and the output of the layers that are not trained, None where all are.

    Raises:
        ImageLakeError: the network is not for images of this side, or the weights are of another network.
    """
    levels = _levels(form.model, pixels)
    if start.weights is None:
        return _plain(form, start, False, 1)(levels), None
    base = _loaded(form, start)
    first = _freeze(base, start.unfrozen_blocks)
    if start.unfrozen_blocks < 0:
        return base(levels), None
    keras = import_tensorflow().keras
    given = base.output if first is None else base.get_layer(first).input
    frozen = keras.Model(base.input, given, name=f"{base.name}_frozen")(levels)
    return (frozen if first is None else keras.Model(given, base.output, name=base.name)(frozen)), frozen


def block_of(layer: str) -> str | None:
    """The block that a layer belongs to, by its name; None for a layer that is in none."""
    found = _BLOCK.match(layer)
    return found[1] + (found[2] or "") if found else None


def _plain(form: InputForm, start: Start, top: bool, classes: int) -> Any:
    keras = import_tensorflow().keras
    extra: dict[str, Any] = {"alpha": start.alpha} if form.model in _FAMILIES else {}
    if top:
        extra["classes"] = classes
    make = getattr(keras.applications, _FAMILIES.get(form.model, form.model))
    try:
        return make(weights=None, include_top=top, input_shape=form.shape, **extra)
    except ValueError as error:
        raise ImageLakeError(f"{form.model} at {form.side} px: {error}") from None


def _loaded(form: InputForm, start: Start) -> Any:
    """The network filled from its weights file, whether that has a classifying layer or not; up to its feature map.

    That of other networks than MobileNet tells ImageNet's 1,000 classes apart, if it is there.
    """
    assert start.weights is not None
    bare = _plain(form, start, False, 1)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "weights.h5"
        file.write_bytes(start.weights)
        network = _filled(form, start, file, bare)
    # What classifies comes last; pooling alone would not tell it, since some blocks pool, too.
    maps = network.layers[len(bare.layers) - 1].output
    return import_tensorflow().keras.Model(network.input, maps, name=network.name)


def _filled(form: InputForm, start: Start, file: Path, bare: Any) -> Any:
    if form.model in _FAMILIES:
        network = _plain(form, start, True, count_classes(read_layout(file)))
        load_weights(network, file, f"{form.model}, alpha {start.alpha:g}")
        return network
    try:
        load_weights(bare, file, f"{form.model} without classes")
        return bare
    except WeightsError:
        network = _plain(form, start, True, IMAGENET_CLASSES)
        load_weights(network, file, f"{form.model} with {IMAGENET_CLASSES:,} classes, or without")
        return network


def _freeze(base: Any, unfrozen_blocks: int) -> str | None:
    """Freeze all but the last blocks; the name of the first layer that is not, None where all are."""
    keras = import_tensorflow().keras
    blocks = list(dict.fromkeys(filter(None, (block_of(layer.name) for layer in base.layers))))
    if unfrozen_blocks > len(blocks):
        raise ImageLakeError(
            f"train.unfrozen_blocks = {unfrozen_blocks}: {base.name} has {len(blocks)}; -1 trains all of it"
        )
    first = blocks[-unfrozen_blocks] if unfrozen_blocks > 0 else None
    trained = unfrozen_blocks < 0
    begins = None
    for layer in base.layers:
        # What follows the last block, such as the last convolution of v2, is trained with it.
        if not trained and first is not None and block_of(layer.name) == first:
            trained, begins = True, layer.name
        layer.trainable = trained and not isinstance(layer, keras.layers.BatchNormalization)
    return str(begins) if begins else None


def _levels(model: str, pixels: Any) -> Any:
    """The pixels as the network had them when its weights were published: a fixed map of the three colours."""
    scaled = _colour_map(model)
    if scaled is None:
        return pixels
    layer = import_tensorflow().keras.layers.Conv2D(3, 1, trainable=False, name="levels")
    made = layer(pixels)
    layer.set_weights([scaled[0].reshape(1, 1, 3, 3).astype(np.float32), scaled[1].astype(np.float32)])
    return made


def _colour_map(model: str) -> tuple[Any, Any] | None:
    """Matrix [3, 3] and offset [3] from levels of -1 to 1, as the modes of Keras' preprocess_input; None for none."""
    unit = np.identity(3)
    if model in ("ResNet50", "ResNet101", "ResNet152", "VGG16", "VGG19"):  # caffe: blue first, less the mean
        return unit[:, ::-1] * 127.5, 127.5 - np.array([103.939, 116.779, 123.68])
    if model.startswith("DenseNet"):  # torch
        deviation = np.array([0.229, 0.224, 0.225])
        return unit / (2 * deviation), (0.5 - np.array([0.485, 0.456, 0.406])) / deviation
    if model.startswith(("ConvNeXt", "EfficientNet", "MobileNetV3")):  # their own first layer takes 0 to 255
        return unit * 127.5, np.full(3, 127.5)
    return None
