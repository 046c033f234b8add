"""Other lakes that a job reads beside its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.lake.record import RECORD
from imagelake.lake.storage import to_uri
from imagelake.vision.network_card import CARD, NetworkCard

if TYPE_CHECKING:
    from collections.abc import Sequence


def open_references(lake: Lake, roots: Sequence[str]) -> list[Lake]:
    """The lakes at these roots, as they are now.

    Raises:
        ImageLakeError: one of them is this lake, or named twice, or has no images.
    """
    opened: dict[str, Lake] = {}
    for root in roots:
        reference = Lake(lake.spark, root)
        if reference.root == lake.root:
            raise ImageLakeError(
                f"overlap.references: {root} is this lake itself; duplicates within it are found by find_duplicates"
            )
        if reference.root in opened:
            raise ImageLakeError(f"overlap.references names {root} twice")
        reference.require("images")
        opened[reference.root] = reference.pinned(())
    return list(opened.values())


def reference_files(roots: Sequence[str]) -> tuple[str, ...]:
    """The records of what is published in these lakes."""
    return tuple(f"{to_uri(root)}/{RECORD}" for root in roots)


def check_recipes(lake: Lake, reference: Lake) -> None:
    """Make sure that the features of two lakes can be compared.

    Raises:
        ImageLakeError: they are of different networks; the message names both.
    """
    ours, theirs = _features(lake), _features(reference)
    if ours != theirs:
        raise ImageLakeError(
            f"the features of {reference.root} are of {theirs}, those of {lake.root} of {ours}, which cannot be "
            "compared: predict one of them with the network of the other, or set overlap.features=false to compare "
            "thumbnails alone"
        )


def _features(lake: Lake) -> str:
    card = lake.storage.read_bytes(f"{lake.folder('model')}/{CARD}")
    return NetworkCard.from_json(card.decode()).features
