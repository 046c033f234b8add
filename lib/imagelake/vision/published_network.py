"""The network of a lake as it was published: the converted file, and the card that says what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from imagelake.vision.network_card import CARD, NetworkCard
from imagelake.vision.packed import PackedModel


@dataclass(frozen=True)
class PublishedNetwork:
    """A network ready to be opened, and its card."""

    card: NetworkCard
    packed: PackedModel

    @classmethod
    def read(cls, read: Callable[[str], bytes]) -> PublishedNetwork:
        """The network of a published folder.

        Args:
            read: the bytes of a file of the folder, by its name.

        Raises:
            ImageLakeError: another version wrote the card.
        """
        card = NetworkCard.from_json(read(CARD).decode())
        return cls(card, PackedModel(card.engine, read(card.file)))
