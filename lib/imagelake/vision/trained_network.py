"""A network that was trained on a lake's own labels: on stored features like a head, or on pixels.

Letters: N images, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from imagelake.errors import ImageLakeError
from imagelake.vision.classifier_card import ClassifierCard
from imagelake.vision.engine import unit_length
from imagelake.vision.head import PackedHead, read_head
from imagelake.vision.litert import LiteRtEngine
from imagelake.vision.native_output import without_native_notes
from imagelake.vision.preprocess import Framing

_CARD, _CONVERTED, _KERAS = ".json", ".tflite", ".keras"


@dataclass(frozen=True)
class TrainedCard(ClassifierCard):
    """The card of a trained network.

    Attributes:
        model: hidden, conv1d, cnn_small, mobilenet_v2, ResNet50, ...
        input: features or pixels.
        side: pixels of the input's side; 0 for features.
        framing: of images: crop or squeeze.
        settings: how it was trained.
    """

    model: str
    input: Literal["features", "pixels"]
    side: int
    framing: Framing
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class PackedNetwork:
    """A picklable trained network.

    Attributes:
        card_text: what it is, JSON.
        payload: a LiteRT flatbuffer.
    """

    card_text: str
    payload: bytes

    @property
    def card(self) -> TrainedCard:
        """What it is."""
        return TrainedCard.from_json(self.card_text)


class FeatureNetwork:
    """An opened network on features; as an engine, neither picklable nor safe to share between threads."""

    def __init__(self, packed: PackedNetwork) -> None:
        from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

        self._card = packed.card
        with without_native_notes():
            self._interpreter = Interpreter(model_content=packed.payload, num_threads=1)
            self._interpreter.allocate_tensors()
        (self._input,), (self._output,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores float32 [N, K] of pooled features [N, D], which are brought to unit length first.

        Raises:
            ImageLakeError: the features have another width.
        """
        width = int(self._input["shape"][1])
        if features.shape[1] != width:
            raise ImageLakeError(
                f"network {self._card.name} was trained on {width:,} features an image, these have "
                f"{features.shape[1]:,}: train it again on the features of the configured model"
            )
        units, scores = unit_length(features), np.empty((len(features), len(self._card.classes)), np.float32)
        for row in range(len(units)):
            self._interpreter.set_tensor(self._input["index"], units[row : row + 1])
            self._interpreter.invoke()
            scores[row] = self._interpreter.get_tensor(self._output["index"])[0]
        return scores


class PixelNetwork:
    """An opened network on pixels; as an engine, neither picklable nor safe to share between threads."""

    def __init__(self, packed: PackedNetwork) -> None:
        self._engine = LiteRtEngine(packed.payload)

    @property
    def side(self) -> int:
        """The input's side in pixels, S."""
        return self._engine.resolution

    def scores(self, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Scores float32 [N, K] of prepared images uint8 [N, S, S, 3]."""
        return self._engine.run(pixels).scores


def network_files(card: TrainedCard, archive: bytes, converted: bytes) -> dict[str, bytes]:
    """The files of a network by their names.

    Args:
        card: what it is.
        archive: for Keras.
        converted: for LiteRT.
    """
    return {
        f"{card.name}{_KERAS}": archive,
        f"{card.name}{_CONVERTED}": converted,
        f"{card.name}{_CARD}": card.to_json().encode(),
    }


def read_classifier(name: str, names: Iterable[str], read: Callable[[str], bytes]) -> PackedHead | PackedNetwork:
    """A head or network of the published folder of heads.

    Args:
        name: of it.
        names: of the files in the folder.
        read: the bytes of a file, by its name.

    Raises:
        ImageLakeError: there is none of that name; the message lists those that there are.
    """
    files = list(names)
    if f"{name}{_CONVERTED}" in files:
        return PackedNetwork(read(f"{name}{_CARD}").decode(), read(f"{name}{_CONVERTED}"))
    return read_head(name, files, read)
