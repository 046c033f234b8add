"""An opened network: how an image is prepared for it, and its scores and features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagelake.vision.decode import Decoded
from imagelake.vision.engine import Engine, Scored
from imagelake.vision.extractor import Extractor
from imagelake.vision.head import Head
from imagelake.vision.packed import PackedModel, open_engine
from imagelake.vision.preprocess import InputSettings, decode_for, frame, prepare_sides
from imagelake.vision.trained_network import FeatureNetwork, PackedNetwork, PixelNetwork

Prepared = tuple[NDArray[np.uint8], ...]
"""An image as the classifier's input, then the extractor's and that of a trained network on pixels where there are."""


@dataclass(frozen=True, eq=False)
class Network:
    """A classifier, the extractor whose features replace its own, and the head or trained network whose scores do.

    Attributes:
        engine: gives the scores, and the features where there is no extractor.
        extractor: None for the classifier's own pooled features.
        head: scores labels of a lake by these features instead of the classifier's classes; None for the classifier's.
        trained: scores them by the pixels, while the features stay those that the lake is searched by; None for none.
    """

    engine: Engine
    extractor: Extractor | None = None
    head: Head | FeatureNetwork | None = None
    trained: PixelNetwork | None = None

    def prepare(self, content: bytes | None, settings: InputSettings) -> Prepared:
        """An image file, decoded once.

        Raises:
            ImageError: with one of the documented reasons; nothing else.
        """
        return prepare_sides(content, settings, self._sides(settings))

    def decode(self, content: bytes | None, settings: InputSettings) -> Decoded:
        """An image file, decoded as large as the network needs it.

        Raises:
            ImageError: with one of the documented reasons; nothing else.
        """
        return decode_for(content, settings, self._sides(settings))

    def frame(self, decoded: Decoded, settings: InputSettings) -> Prepared:
        """An image that is decoded already, as `decode` does or in full size."""
        return tuple(frame(decoded, side, settings.framing) for side in self._sides(settings))

    def _sides(self, settings: InputSettings) -> tuple[int, ...]:
        others = (part.side for part in (self.extractor, self.trained) if part is not None)
        return (settings.size, *others)

    def score(self, images: Sequence[Prepared]) -> Scored:
        """Scores and features of N images, N at least 1."""
        pixels, *others = (np.stack(inputs) for inputs in zip(*images, strict=True))
        scored = self.engine.run(pixels)
        features = scored.features if self.extractor is None else self.extractor.run(others[0])
        if self.trained is not None:
            return Scored(self.trained.scores(others[-1]), features)
        return Scored(scored.scores if self.head is None else self.head.scores(features), features)


def open_network(packed: PackedModel) -> Network:
    """A packed network, opened.

    Raises:
        ImageLakeError: its extractor cannot be opened here.
    """
    extractor = Extractor(packed.extractor) if packed.extractor else None
    head = packed.head
    if not isinstance(head, PackedNetwork):
        return Network(open_engine(packed), extractor, head.open() if head else None)
    if head.card.input == "pixels":
        return Network(open_engine(packed), extractor, trained=PixelNetwork(head))
    return Network(open_engine(packed), extractor, FeatureNetwork(head))
