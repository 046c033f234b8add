"""The card of a trained classifier: what it is, and what it was learnt from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from imagelake.errors import ImageLakeError


@dataclass(frozen=True)
class ClassifierCard:
    """What the cards of heads and of networks have in common.

    Attributes:
        name: of the classifier; model.head takes it by this name.
        features: the name of the features that it was trained on, and fits no others; empty for one on pixels.
        classes: its labels, in the order of its scores.
        folds: of the cross-validation that measured it; 0 where a split did.
        seed: of folds, resampling and training.
        images: training images of each label.
        measures: `measure, evaluated_on` to its value, of those that the summary shows.
        licences: licence to training images; the empty one where the source names none.
        inputs: table to the run that published it.
        code: the version of the code that trained it.
    """

    name: str
    features: str
    classes: tuple[str, ...]
    folds: int
    seed: int
    images: tuple[int, ...]
    measures: Mapping[str, float]
    licences: Mapping[str, int]
    inputs: Mapping[str, str]
    code: str

    def to_json(self) -> str:
        """The card as indented JSON."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read a card.

        Raises:
            ImageLakeError: the text is none of this version.
        """
        try:
            values: dict[str, Any] = json.loads(text)
            return cls(**{**values, "classes": tuple(values["classes"]), "images": tuple(values["images"])})
        except (ValueError, KeyError, TypeError) as error:
            raise ImageLakeError(
                f"not a classifier's card of this version ({error}); run train_classifier with --force"
            ) from None
