"""The network card: JSON with what is needed to use a converted network without its configuration."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from imagelake.errors import ImageLakeError
from imagelake.vision.packed import EngineName
from imagelake.vision.preprocess import Framing

CARD = "network.json"


@dataclass(frozen=True)
class NetworkCard:
    """The description of a converted network.

    Attributes:
        name: family, width and input side, such as mobilenet_v1 1 at 224 px.
        features: the name of its features; features of equal names can be compared.
        file: the converted network, in the same folder.
        engine: which library opens it.
        precision: float32 or int8.
        resolution: pixels of the input's side.
        framing: crop or squeeze.
        classes: the names of its outputs, by index.
        extractor: the file of another network whose features replace its own, in the same folder, with a description
            beside it; None for its own.
        calibrated_of: how many images the lake had when int8 was calibrated on some of them; None for float32.
    """

    name: str
    features: str
    file: str
    engine: EngineName
    precision: str
    resolution: int
    framing: Framing
    classes: tuple[str, ...]
    extractor: str | None = None
    calibrated_of: int | None = None

    def to_json(self) -> str:
        """The card as indented JSON."""
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
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ImageLakeError(
                f"not a network's card of this version ({error}); run convert_model with --force"
            ) from None
