"""How well heads do on the fold that each left out, and on what it learnt from, as sums that can be added.

Letters: N images, D features, K classes, H heads.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagelake.training.head_loss import Block


@dataclass(frozen=True, eq=False)
class HeldOut:
    """The results of H heads, every image alike.

    Attributes:
        losses: float64 [H], the sum of the cross-entropy.
        images: int64 [H, K], images of each class.
        hits: int64 [H, K], those whose best class is right.
        learnt: int64 [H, 2], images that each head learnt from, and those of them whose best class is right.
    """

    losses: NDArray[np.float64]
    images: NDArray[np.int64]
    hits: NDArray[np.int64]
    learnt: NDArray[np.int64]


def without_distrusted(block: Block, of_folds: NDArray[np.float32], below: float) -> Block:
    """The images with a weight of 0 for those whose label is probably wrong.

    These are the images to whose label the head that left them out gives a score below a bound, and to another one the
    best score.

    Args:
        block: of images in folds 0 to F - 1.
        of_folds: float32 [D + 1, F, K].
        below: the bound, 0 to 1.
    """
    weights = block.weights.copy()
    for fold in range(of_folds.shape[1]):
        (rows,) = np.nonzero(block.folds == fold)
        logits = block.features[rows] @ of_folds[:-1, fold] + of_folds[-1, fold]
        logits -= logits.max(axis=1, keepdims=True, initial=-np.inf)
        own = logits[np.arange(len(rows)), block.classes[rows]]
        weights[rows[(own < 0) & (np.exp(own) < below * np.exp(logits).sum(axis=1))]] = 0
    return Block(block.features, block.classes, weights, block.folds)


def held_out_of(blocks: Iterable[Block], weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> HeldOut:
    """Measure heads on the folds that they left out; on the images that they learnt from, how many they have right.

    Args:
        blocks: any number of images.
        weights: float32 [D + 1, H, K].
        held_out: int8 [H], the fold of each head.
    """
    heads, classes = weights.shape[1:]
    losses, images, hits = np.zeros(heads), np.zeros((heads, classes), np.int64), np.zeros((heads, classes), np.int64)
    learnt = np.zeros((heads, 2), np.int64)
    for block in blocks:
        for head in range(heads):
            chosen = block.folds == held_out[head]
            labels = block.classes[chosen]
            logits = block.features[chosen] @ weights[:-1, head] + weights[-1, head]
            logits -= logits.max(axis=1, keepdims=True, initial=-np.inf)
            right = logits[np.arange(len(labels)), labels]
            losses[head] += float((np.log(np.exp(logits).sum(axis=1)) - right).sum(dtype=np.float64))
            images[head] += np.bincount(labels, minlength=classes)
            hits[head] += np.bincount(labels[logits.argmax(axis=1) == labels], minlength=classes)
            own = ~chosen & (block.weights > 0)
            best = (block.features[own] @ weights[:-1, head] + weights[-1, head]).argmax(axis=1)
            learnt[head] += len(best), np.count_nonzero(best == block.classes[own])
    return HeldOut(losses, images, hits, learnt)
