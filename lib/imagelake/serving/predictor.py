"""The lake's network applied to photos from outside: features, classes, a thumbnail; as many at a time as cores."""

from __future__ import annotations

import hashlib
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagelake.vision.engine import Engine, top_k, unit_length
from imagelake.vision.network_card import CARD, NetworkCard
from imagelake.vision.packed import PackedModel, open_engine
from imagelake.vision.preprocess import InputSettings, prepare
from imagelake.vision.thumbnails import thumbnail

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.lake.published import PublishedLake
    from imagelake.vision.limits import Limits

TOP_CLASSES = 5


@dataclass(frozen=True, eq=False)
class Prediction:
    """What the network predicts for a photo, and the photo's thumbnail.

    Attributes:
        features: float32 [D], unit length.
        classes: names of the best classes with their scores, best first.
        thumbnail: a small JPEG.
        sha256: of the file's bytes, in hex.
    """

    features: NDArray[np.float32]
    classes: tuple[tuple[str, float], ...]
    thumbnail: bytes
    sha256: str


class Predictor:
    """The network of a lake, opened once a thread that may use it at a time; more threads wait for their turn."""

    def __init__(self, lake: PublishedLake, limits: Limits, side: int, threads: int) -> None:
        """Open the published network.

        Args:
            lake: whose folder model holds the network and its card.
            limits: what one photo may cost.
            side: pixels of the small pictures.
            threads: photos at a time; each engine holds the network once.
        """
        lake.require("model")
        self.card = NetworkCard.from_json(lake.read_file("model", CARD).decode())
        self._limits, self._side = limits, side
        self._settings = InputSettings(self.card.resolution, self.card.framing, limits)
        packed = PackedModel(self.card.engine, lake.read_file("model", self.card.file))
        self._engines: queue.LifoQueue[Engine] = queue.LifoQueue()
        for _ in range(threads):
            self._engines.put(open_engine(packed))

    @contextmanager
    def _turn(self) -> Iterator[Engine]:
        engine = self._engines.get()
        try:
            yield engine
        finally:
            self._engines.put(engine)

    def predict(self, content: bytes) -> Prediction:
        """Decode and score one photo.

        Raises:
            ImageError: it is none, or costs more than the limits allow.
        """
        with self._turn() as engine:
            scored = engine.run(prepare(content, self._settings)[np.newaxis])
            small = thumbnail(content, self._side, self._limits)
        indices, scores = top_k(scored.scores, TOP_CLASSES)
        classes = tuple((self.card.classes[i], float(score)) for i, score in zip(indices[0], scores[0], strict=True))
        return Prediction(unit_length(scored.features)[0], classes, small, hashlib.sha256(content).hexdigest())

    def shrink(self, content: bytes) -> bytes:
        """A small picture of an image of the lake.

        Raises:
            ImageError: it cannot be decoded.
        """
        return thumbnail(content, self._side, self._limits)
