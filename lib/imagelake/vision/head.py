"""A linear head: it turns the pooled features of a network into scores of a lake's own labels.

Letters: N images, D features, K classes.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.vision.classifier_card import ClassifierCard
from imagelake.vision.engine import softmax, unit_length

HEADS = "heads"
_CARD, _WEIGHTS, _FOLDS = ".json", ".npy", ".folds.npy"


@dataclass(frozen=True)
class HeadCard(ClassifierCard):
    """The card of a head.

    Attributes:
        l2: the penalty that was chosen.
        imbalance: how often images counted.
    """

    l2: float
    imbalance: str


@dataclass(frozen=True)
class PackedHead:
    """A picklable head.

    Attributes:
        card: what it is.
        payload: its weights float32 [D + 1, K], the last row the bias, as a file of numpy's.
    """

    card_text: str
    payload: bytes

    @property
    def card(self) -> HeadCard:
        """What it is."""
        return HeadCard.from_json(self.card_text)

    def open(self) -> Head:
        """The head, ready to score.

        Raises:
            ImageLakeError: its weights are not those of its card.
        """
        card, weights = self.card, _array(self.payload)
        if weights.ndim != 2 or weights.shape[1] != len(card.classes):
            raise ImageLakeError(
                f"head {card.name}: weights {list(weights.shape)} do not fit its {len(card.classes)} classes: "
                "run train_classifier with --force"
            )
        return Head(card.name, weights)


@dataclass(frozen=True, eq=False)
class Head:
    """An opened head: its name, and weights float32 [D + 1, K]."""

    name: str
    weights: NDArray[np.float32]

    def scores(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Scores float32 [N, K] of pooled features [N, D], which are brought to unit length first.

        Raises:
            ImageLakeError: the features have another width.
        """
        if features.shape[1] != len(self.weights) - 1:
            raise ImageLakeError(
                f"head {self.name} was trained on {len(self.weights) - 1:,} features an image, these have "
                f"{features.shape[1]:,}: train it again on the features of the configured model"
            )
        return softmax(unit_length(features) @ self.weights[:-1] + self.weights[-1])


def head_files(card: HeadCard, weights: NDArray[np.float32], of_folds: NDArray[np.float32]) -> dict[str, bytes]:
    """The files of a head by their names.

    Args:
        card: what it is.
        weights: float32 [D + 1, K].
        of_folds: float32 [F, D + 1, K], of the heads that judge labels and each left out a fold.
    """
    return {
        f"{card.name}{_WEIGHTS}": _bytes(weights),
        f"{card.name}{_FOLDS}": _bytes(of_folds),
        f"{card.name}{_CARD}": card.to_json().encode(),
    }


def read_head(name: str, names: Iterable[str], read: Callable[[str], bytes]) -> PackedHead:
    """A head of a published folder.

    Args:
        name: of the head.
        names: of the files in the folder.
        read: the bytes of a file, by its name.

    Raises:
        ImageLakeError: there is no such head; the message lists those that there are.
    """
    known = [file.removesuffix(_CARD) for file in names if file.endswith(_CARD) and not file.startswith(("_", "."))]
    if name not in known:
        raise unknown_choice("head, model.head =", name, known)
    return PackedHead(read(f"{name}{_CARD}").decode(), read(f"{name}{_WEIGHTS}"))


def read_fold_weights(name: str, read: Callable[[str], bytes]) -> NDArray[np.float32]:
    """The weights float32 [F, D + 1, K] of the heads that judge labels and each left out a fold."""
    return _array(read(f"{name}{_FOLDS}"))


def _bytes(array: NDArray[np.float32]) -> bytes:
    file = io.BytesIO()
    np.save(file, array.astype(np.float32), allow_pickle=False)
    return file.getvalue()


def _array(content: bytes) -> NDArray[np.float32]:
    return np.asarray(np.load(io.BytesIO(content), allow_pickle=False), np.float32)
