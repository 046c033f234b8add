"""The network that a lake's predictions come from: the converted one, with the trained head that gave their scores."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.vision.head import HEADS
from imagelake.vision.published_network import PublishedNetwork
from imagelake.vision.trained_network import read_classifier

if TYPE_CHECKING:
    from imagelake.lake.manifest import Manifest

MODEL = "model"


def predicting_network(
    manifest: Callable[[str], Manifest | None], read: Callable[[str, str], bytes]
) -> PublishedNetwork:
    """The network of a lake as its images were predicted; without a head where there are no predictions.

    Args:
        manifest: of a published table or folder, by its name; None where it is not published.
        read: the bytes of a file of a published folder, by the names of both.

    Raises:
        ImageLakeError: the head that predicted the images is gone, or another version wrote a card.
    """
    network = PublishedNetwork.read(lambda file: read(MODEL, file))
    name = head_of(manifest("predictions"))
    if not name:
        return network
    heads = manifest(HEADS)
    files = [part.name for part in heads.parts or ()] if heads else []
    try:
        return network.with_head(read_classifier(name, files, lambda file: read(HEADS, file)))
    except ImageLakeError as error:
        raise ImageLakeError(f"{error}; it predicted the images of this lake: run predict_images again") from None


def head_of(made: Manifest | None) -> str:
    """The head that scored what a job made, by its name; empty for the network's own classes.

    Args:
        made: the manifest of a table whose job declares the section model; None where it is not published.
    """
    return str((made.settings or {}).get("model.head") or "") if made else ""


def unmeasured_classes(network: PublishedNetwork, accuracy: Manifest | None) -> dict[str, tuple[str, ...]] | None:
    """Label -> the classes that count as it, where label_accuracy does not tell: a head's labels mean themselves.

    Args:
        network: as it predicts.
        accuracy: the manifest of label_accuracy; None where it is not published.

    Returns:
        None where accuracy was measured with the same head, or without one as well, so that the table tells.
    """
    if accuracy and head_of(accuracy) == network.head:
        return None
    return {label: (label,) for label in network.classes} if network.head else {}
