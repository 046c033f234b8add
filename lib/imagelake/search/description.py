"""What is known of an image index: which features it was made from, its sizes, what it learnt from."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from imagelake.errors import ImageLakeError
from imagelake.search.parameters import IndexParameters


@dataclass(frozen=True)
class IndexDescription:
    """The description beside a trained quantizer, and in a serving folder.

    Attributes:
        model_id: names the features: the network and how images reach it. Equal names mean comparable features.
        dimension: D, features of an image.
        parameters: the sizes of the index.
        trained_of: images of the lake when the quantizer was trained.
        trained_on: images of them that it learnt from.
    """

    model_id: str
    dimension: int
    parameters: IndexParameters
    trained_of: int
    trained_on: int

    def require_model(self, model_id: str) -> None:
        """Refuse features that another network made, or the same one from other framings.

        Raises:
            ImageLakeError: names both.
        """
        if model_id != self.model_id:
            raise ImageLakeError(
                f"the image index was built from features of {self.model_id}, which cannot be compared with those of "
                f"{model_id}: search with the settings [model] of the index, or run build_image_index again"
            )

    def to_json(self) -> str:
        """The description as a person reads it."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> IndexDescription:
        """Read a description.

        Raises:
            ImageLakeError: the text is none of this version.
        """
        try:
            values = json.loads(text)
            return cls(**{**values, "parameters": IndexParameters(**values["parameters"])})
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise ImageLakeError(
                f"not the description of an image index of this version ({error}); run build_image_index again"
            ) from None
