"""What a converted network needs beside it to be used by somebody who has not configured it: kept as JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from imagelake.errors import ImageLakeError
from imagelake.vision.packed import EngineName
from imagelake.vision.preprocess import Framing

CARD = "network.json"


@dataclass(frozen=True)
class NetworkCard:
    """A network in words.

    Attributes:
        name: family, width and input side, such as mobilenet_v1 1 at 224 px.
        features: names the features that it gives: equal names mean that they can be compared.
        file: the converted network, in the same folder.
        engine: which library opens it.
        precision: float32 or int8.
        resolution: pixels of the input's side.
        framing: how images reach it.
        classes: what its outputs mean, by index.
    """

    name: str
    features: str
    file: str
    engine: EngineName
    precision: str
    resolution: int
    framing: Framing
    classes: tuple[str, ...]

    def to_json(self) -> str:
        """The card as a person reads it."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> NetworkCard:
        """Read a card.

        Raises:
            ImageLakeError: the text is none of this version.
        """
        try:
            values = json.loads(text)
            return cls(**{**values, "classes": tuple(values["classes"])})
        except (ValueError, KeyError, TypeError) as error:
            raise ImageLakeError(
                f"not a network's card of this version ({error}); run convert_model with --force"
            ) from None
