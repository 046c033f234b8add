"""How often each image counts where labels have different numbers of images.

A linear head cannot tell an image that is drawn twice from one that counts twice, so that nothing is copied: resampling
is a weight. A network draws images. As in imbalanced-learn, over-sampling brings every label to the images of the
largest one and keeps each of its own, under-sampling chooses as many as the smallest has; both brings every label to
their geometric mean.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imagelake.config import Imbalance


def target_images(counts: NDArray[np.int64], imbalance: Imbalance) -> NDArray[np.int64]:
    """How many images of each label are learnt from, repeated ones included.

    Args:
        counts: int64 [K], images of each label, above 0.
        imbalance: over, under or both; any other leaves the counts as they are.
    """
    targets = {
        "over": int(counts.max()),
        "under": int(counts.min()),
        "both": round(float(np.sqrt(float(counts.max()) * float(counts.min())))),
    }
    return np.full_like(counts, targets[imbalance]) if imbalance in targets else counts


def draws(row_number: NDArray[np.int64], count: NDArray[np.int64], target: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each image is drawn, so that its label's draws add up to the target, as evenly as can be.

    Args:
        row_number: int64 [N], of the image among those of its label in a random order, from 1.
        count: int64 [N], images of its label.
        target: int64 [N], draws of its label.
    """
    return target // count + (row_number <= target % count)


def drawn_rows(classes: NDArray[np.int64], imbalance: Imbalance, random: np.random.Generator) -> NDArray[np.int64]:
    """The row numbers of the images that a network learns from in an epoch, repeated ones as often as they are drawn.

    Args:
        classes: int64 [N], of training images alone.
        imbalance: over, under or both; any other gives each row once.
        random: chooses the rows that are drawn once more, or not at all.
    """
    rows = random.permutation(len(classes))
    _, inverse, counts = np.unique(classes[rows], return_inverse=True, return_counts=True)
    order = np.argsort(inverse, kind="stable")
    starts = np.cumsum(counts) - counts
    row_numbers = np.empty(len(rows), np.int64)
    row_numbers[order] = np.arange(len(rows)) - np.repeat(starts, counts) + 1
    targets = target_images(counts.astype(np.int64), imbalance)
    return np.sort(np.repeat(rows, draws(row_numbers, counts[inverse], targets[inverse])))


def class_weights(counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The weight of an image of each label, float64 [K], so that every label weighs alike and the mean is 1."""
    weights: NDArray[np.float64] = counts.sum() / (len(counts) * counts)
    return weights


def adjusted_bias(bias: NDArray[np.float64], counts: NDArray[np.int64]) -> NDArray[np.float64]:
    """A bias whose scores are those of labels that are equally frequent.

    Menon et al. (2021), Long-tail learning via logit adjustment, with their temperature of 1: the logarithm of each
    label's share is subtracted. For a head with a free bias, training with the balanced softmax gives the same.

    Args:
        bias: float64 [K].
        counts: int64 [K], images of each label, above 0.
    """
    adjusted: NDArray[np.float64] = bias - np.log(counts / counts.sum())
    return adjusted
