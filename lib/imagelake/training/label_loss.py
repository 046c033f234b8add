"""The loss of heads that say of each label by itself whether an image shows it, as sums that can be added.

A head is a binary logistic regression for each label: weights [D + 1, K], the last row the biases. What nobody knows of
an image and a label adds nothing. Every label counts alike, however many images are known of it: a head's loss is the
sum of the labels' mean losses.

Letters: N images, D features, K labels, H heads, F folds.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imagelake.training.head_loss import COLUMNS_AT_ONCE, ImageBlock, Sums, tiles

THERE, ABSENT, UNKNOWN = 1, -1, 0


@dataclass(frozen=True, eq=False)
class KnownBlock(ImageBlock):
    """Images of which some labels are known.

    Attributes:
        known: int8 [N, K], each THERE, ABSENT or UNKNOWN.
        folds: int8 [N].
    """

    known: NDArray[np.int8]
    folds: NDArray[np.int8]


def known_sums(
    blocks: Iterable[KnownBlock],
    weights: NDArray[np.float32],
    held_out: NDArray[np.int8],
    images: NDArray[np.int64],
) -> Sums:
    """Logistic loss and its gradient over blocks; a head's weight is the share of what is known that it learns from.

    Args:
        blocks: any number of images.
        weights: float32 [D + 1, H, K].
        held_out: int8 [H], the fold whose images a head does not learn from; NO_FOLD for none.
        images: int64 [K], of all blocks, of which each label is known; above 0.
    """
    dimension, heads, labels = weights.shape[0] - 1, weights.shape[1], weights.shape[2]
    counted, losses = np.zeros(heads), np.zeros(heads)
    gradients = np.zeros(weights.shape, np.float32)
    each = (1 / images).astype(np.float32)
    at_once = max(1, COLUMNS_AT_ONCE // labels)
    for block in tiles(blocks):
        signs = block.known.astype(np.float32)[:, None]
        shares = np.abs(signs) * each
        for first in range(0, heads, at_once):
            part = slice(first, first + at_once)
            wide = weights[:, part].reshape(dimension + 1, -1)
            logits = (block.features @ wide[:dimension] + wide[dimension]).reshape(len(signs), -1, labels)
            learns = (block.folds[:, None] != held_out[None, part]).astype(np.float32)
            counts = shares * learns[:, :, None]
            wrong = -signs * logits
            loss = np.logaddexp(0, wrong)
            counted[part] += counts.sum(axis=(0, 2), dtype=np.float64) / labels
            losses[part] += (counts * loss).sum(axis=(0, 2), dtype=np.float64)
            # exp(x - log(1 + exp(x))) is the logistic function, without overflow.
            residuals = -signs * counts * np.exp(wrong - loss)
            flat = residuals.reshape(len(signs), -1)
            gradients[:dimension, part] += (block.features.T @ flat).reshape(dimension, -1, labels)
            gradients[dimension, part] += residuals.sum(axis=0)
    return Sums(counted, losses, gradients.astype(np.float64))


def probabilities(features: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float64]:
    """How likely each image shows each label, float64 [N, K].

    Args:
        features: float32 [N, D], as the head learnt from them.
        weights: float32 [D + 1, K].
    """
    logits = (features @ weights[:-1] + weights[-1]).astype(np.float64)
    found: NDArray[np.float64] = np.exp(-np.logaddexp(0, -logits))
    return found


def without_distrusted_labels(block: KnownBlock, of_folds: NDArray[np.float32], below: float) -> KnownBlock:
    """The images with what is probably wrong of them made UNKNOWN.

    That is what the head that left an image out finds less likely than a bound, and than the opposite.

    Args:
        block: of images in folds 0 to F - 1.
        of_folds: float32 [D + 1, F, K].
        below: the bound, 0 to 1.
    """
    known = block.known.copy()
    for fold in range(of_folds.shape[1]):
        (rows,) = np.nonzero(block.folds == fold)
        there = probabilities(block.features[rows], of_folds[:, fold])
        said = np.where(known[rows] == THERE, there, 1 - there)
        known[rows] = np.where(said < min(below, 0.5), UNKNOWN, known[rows])
    return replace(block, known=known)
