"""What a search looks for: one image, from outside or of the lake, and what the network predicts for it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from imagelake.errors import ImageLakeError
from imagelake.vision.engine import top_k, unit_length
from imagelake.vision.preprocess import InputSettings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.vision.decode import Decoded
    from imagelake.vision.network import Network
    from imagelake.vision.published_network import PublishedNetwork

ImageKind = Literal["photo", "depiction"]
PHOTO: ImageKind = "photo"
DEPICTION: ImageKind = "depiction"
TOP_CLASSES = 5


@dataclass(frozen=True, eq=False)
class Query:
    """One image to look for.

    Attributes:
        features: float32 [D], unit length; None for an image of the lake without any. Those of an image of the lake
            are as the index keeps them, in half precision.
        classes: the best classes with their scores, best first; none where nothing was predicted.
        sha256: of the file's bytes, in hex; None where they are unknown.
        image_id: the image of the lake that it is, which is no answer to itself; None for one from outside.
    """

    features: NDArray[np.float32] | None
    classes: tuple[tuple[str, float], ...]
    sha256: str | None
    image_id: str | None = None


def query_of_photo(content: bytes, decoded: Decoded, opened: Network, network: PublishedNetwork) -> Query:
    """A photo from outside the lake, scored as the lake's own images were.

    Args:
        content: the file.
        decoded: what it shows, in full size.
        opened: the lake's network, ready to score.
        network: the same, as it was published.
    """
    settings = InputSettings(network.card.resolution, network.card.framing)
    scored = opened.score([opened.frame(decoded, settings)])
    indices, scores = top_k(scored.scores, TOP_CLASSES)
    classes = tuple((network.classes[i], float(score)) for i, score in zip(indices[0], scores[0], strict=True))
    return Query(unit_length(scored.features)[0], classes, hashlib.sha256(content).hexdigest())


@dataclass(frozen=True)
class PredictedLabel:
    """The label by which images of the same label are looked for.

    Attributes:
        name: the label.
        best: what the best class means; another label where no image has that one.
    """

    name: str
    best: str


def predicted_label(
    query: Query, label_of_class: Mapping[str, str], has_images: Callable[[str], bool]
) -> PredictedLabel | None:
    """The label of the best class whose label an image has, else of the best class; None where nothing was predicted.

    Args:
        query: what is looked for.
        label_of_class: class -> label, see `narrowest_labels`; a class without one goes by its own name.
        has_images: whether an image of the lake has a label.
    """
    labels = [label_of_class.get(name, name) for name, _ in query.classes]
    if not labels:
        return None
    return PredictedLabel(next(filter(has_images, labels), labels[0]), labels[0])


def is_address(name: str) -> bool:
    """Whether the name of a query is fetched from the web; every other is a file, else an image_id of the lake."""
    return name.startswith(("http://", "https://"))


def unknown_query(name: str, root: str) -> ImageLakeError:
    """The error for a name that is neither an address, nor a file, nor an image of the lake at a root."""
    return ImageLakeError(f"{name}: neither a file nor the image_id of an image of {root}")
