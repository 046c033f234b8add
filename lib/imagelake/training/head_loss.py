"""The loss of linear heads over a block of images, as sums that can be added to those of other blocks.

A head is multinomial logistic regression on standardised features: weights [D + 1, K], the last row the bias. Many
heads are evaluated at once, so that a block is read once for a whole grid.

Letters: N images, D features, K classes, H heads.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE, COLUMNS_AT_ONCE = 2_048, 4_096  # of logits: 32 MB, and enough for the matrix products
NO_FOLD = -1


@dataclass(frozen=True, eq=False)
class ImageBlock:
    """Arrays that have a row an image.

    Attributes:
        features: float32 [N, D], standardised.
    """

    features: NDArray[np.float32]


Images = TypeVar("Images", bound=ImageBlock)


@dataclass(frozen=True, eq=False)
class Block(ImageBlock):
    """Training images.

    Attributes:
        classes: int32 [N].
        weights: float32 [N], how often each counts.
        folds: int8 [N].
    """

    classes: NDArray[np.int32]
    weights: NDArray[np.float32]
    folds: NDArray[np.int8]


@dataclass(frozen=True, eq=False)
class Sums:
    """What blocks add up to, not yet divided by the number of images.

    Attributes:
        weights: float64 [H], of the images that each head was evaluated on.
        losses: float64 [H].
        gradients: float64 [D + 1, H, K].
    """

    weights: NDArray[np.float64]
    losses: NDArray[np.float64]
    gradients: NDArray[np.float64]

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.weights + other.weights, self.losses + other.losses, self.gradients + other.gradients)


def sums_of(blocks: Iterable[Block], weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> Sums:
    """Cross-entropy and its gradient over blocks.

    Args:
        blocks: any number of images.
        weights: float32 [D + 1, H, K].
        held_out: int8 [H], the fold whose images a head does not learn from; NO_FOLD for none.
    """
    heads = weights.shape[1]
    counted, losses = np.zeros(heads), np.zeros(heads)
    gradients = np.zeros(weights.shape, np.float32)
    for block in tiles(blocks):
        _add(block, weights, held_out, (counted, losses, gradients))
    return Sums(counted, losses, gradients.astype(np.float64))


def tiles(blocks: Iterable[Images]) -> Iterator[Images]:
    """The blocks in parts of so many images that their logits fit the caches.

    Args:
        blocks: of any number of images.
    """
    for block in blocks:
        for start in range(0, len(block.features), ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            yield type(block)(*(getattr(block, field.name)[rows] for field in fields(block)))


def _add(
    block: Block,
    weights: NDArray[np.float32],
    held_out: NDArray[np.int8],
    sums: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float32]],
) -> None:
    counted, losses, gradients = sums
    dimension, heads, classes = weights.shape[0] - 1, weights.shape[1], weights.shape[2]
    at_once = max(1, COLUMNS_AT_ONCE // classes)
    rows = np.arange(len(block.classes))
    for first in range(0, heads, at_once):
        part = slice(first, first + at_once)
        wide = weights[:, part].reshape(dimension + 1, -1)
        logits = (block.features @ wide[:dimension] + wide[dimension]).reshape(len(rows), -1, classes)
        logits -= logits.max(axis=2, keepdims=True)
        right = logits[rows, :, block.classes]
        np.exp(logits, out=logits)
        totals = logits.sum(axis=2)
        counts = block.weights[:, None] * (block.folds[:, None] != held_out[None, part])
        counted[part] += counts.sum(axis=0, dtype=np.float64)
        losses[part] += (counts * (np.log(totals) - right)).sum(axis=0, dtype=np.float64)
        # From here on the logits hold the derivative of the loss by them.
        logits *= (counts / totals)[:, :, None]
        logits[rows, :, block.classes] -= counts
        residuals = logits.reshape(len(rows), -1)
        gradients[:dimension, part] += (block.features.T @ residuals).reshape(dimension, -1, classes)
        gradients[dimension, part] += logits.sum(axis=0)
