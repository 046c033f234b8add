"""The network of a lake as it was published: the converted file, and the card that says what it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import PurePath

from imagelake.errors import ImageLakeError
from imagelake.vision.extractor import ExtractorDescription, PackedExtractor, description_file
from imagelake.vision.head import PackedHead
from imagelake.vision.network_card import CARD, NetworkCard
from imagelake.vision.packed import PackedModel
from imagelake.vision.trained_network import PackedNetwork


@dataclass(frozen=True)
class PublishedNetwork:
    """A network ready to be opened, with the head or trained network that scores where there is one, and its card."""

    card: NetworkCard
    packed: PackedModel

    @property
    def head(self) -> str:
        """What scores labels instead of the network's classes, by its name; empty for nothing."""
        return self.packed.head.card.name if self.packed.head else ""

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the scores, by index."""
        return self.packed.head.card.classes if self.packed.head else self.card.classes

    def with_head(self, head: PackedHead | PackedNetwork) -> PublishedNetwork:
        """The same network, whose features or input are scored by a head or trained network."""
        return replace(self, packed=replace(self.packed, head=head))

    @classmethod
    def read(cls, read: Callable[[str], bytes]) -> PublishedNetwork:
        """The network of a published folder.

        Args:
            read: the bytes of a file of the folder, by its name.

        Raises:
            ImageLakeError: another version wrote the card.
        """
        card = NetworkCard.from_json(read(CARD).decode())
        return cls(card, PackedModel(card.engine, read(card.file), read_extractor(card.extractor, read)))


def read_extractor(file: str | None, read: Callable[[str], bytes]) -> PackedExtractor | None:
    """An extractor and its description; None where there is none.

    Args:
        file: its name; None or empty for none.
        read: the bytes of a file, by its name.

    Raises:
        ImageLakeError: the file has no known ending, or the description is none.
    """
    if not file:
        return None
    description = description_file(file)
    packed = PackedExtractor(PurePath(file).name, read(file), _text(read(description), description))
    ExtractorDescription.from_toml(packed.description_text, description)
    return packed


def _text(content: bytes, name: str) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        raise ImageLakeError(f"{name} is not TOML: {error}") from None
