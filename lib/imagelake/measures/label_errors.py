"""Confident learning: how many labels are wrong, and which, from scores of heads that did not learn from the image.

Northcutt, Jiang and Chuang (2021), Confident Learning: Estimating Uncertainty in Dataset Labels, JAIR 70. All that
looks at images is a sum over them, so that parts can be added; what is left is of the size of labels times labels.

Letters: N images with one label each, K labels. Scores are float [N, K], each row of sum 1.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]
Classes = NDArray[np.int64]
NOBODY = -1
# A score counts as at its threshold within this, since the threshold is a mean of scores.
SLACK = 1e-6


def self_confidence(scores: Scores, labels: Classes) -> NDArray[np.float64]:
    """The score of each image's own label, float64 [N], 0 to 1."""
    return scores[np.arange(len(labels)), labels]


def normalised_margin(scores: Scores, labels: Classes) -> NDArray[np.float64]:
    """How far the label's score is above the best other one, from -1 to 1 brought to 0 to 1: float64 [N]."""
    rows, others = np.arange(len(labels)), scores.copy()
    others[rows, labels] = -np.inf
    margin: NDArray[np.float64] = (scores[rows, labels] - others.max(axis=1) + 1) / 2
    return margin


def confidence_sums(scores: Scores, labels: Classes) -> NDArray[np.float64]:
    """Images and summed self-confidence of each label, float64 [2, K], which add up over parts."""
    of_label = self_confidence(scores, labels)
    classes = scores.shape[1]
    return np.stack(
        [np.bincount(labels, minlength=classes), np.bincount(labels, weights=of_label, minlength=classes)]
    ).astype(np.float64)


def thresholds_of(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """The score from which an image counts as one of a label: the mean of those that have it, float64 [K].

    A label without images has a threshold that no score reaches.
    """
    unreachable = np.full(sums.shape[1], np.inf)
    means: NDArray[np.float64] = np.divide(sums[1], sums[0], out=unreachable, where=sums[0] > 0)
    return means


def likely_labels(scores: Scores, thresholds: NDArray[np.float64]) -> Classes:
    """The label that each image probably has, int64 [N]: the one above its threshold, of several the best score.

    NOBODY where no score reaches its threshold.
    """
    above = scores >= thresholds - SLACK
    several = above.sum(axis=1) > 1
    likely: Classes = np.where(several, scores.argmax(axis=1), above.argmax(axis=1))
    return np.where(above.any(axis=1), likely, NOBODY)


def joint_counts(labels: Classes, likely: Classes, classes: int) -> NDArray[np.int64]:
    """Images by given label and likely one, int64 [K, K], which add up over parts; NOBODY's images do not count."""
    known = likely != NOBODY
    pairs = np.bincount(labels[known] * classes + likely[known], minlength=classes * classes)
    return pairs.reshape(classes, classes).astype(np.int64)


def estimated_joint(joint: NDArray[np.int64], images: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many of all images have each given and each true label, int64 [K, K]: the joint, scaled to a label's images.

    Args:
        joint: int64 [K, K], as from `joint_counts`, of all parts.
        images: int64 [K], of each given label.
    """
    counted = joint.copy()
    np.fill_diagonal(counted, np.maximum(counted.diagonal(), 1))  # some image of each label is right
    shares = counted / counted.sum(axis=1, keepdims=True)
    scaled = shares * images[:, None]
    return _rounded(scaled / max(scaled.sum(), 1) * images.sum())


def wrong_counts(estimate: NDArray[np.int64]) -> NDArray[np.int64]:
    """How many images of each given label [rows] have which true one [columns]; on the diagonal, how many to keep.

    One image of each label is kept at least, at the expense of its wrong ones.
    """
    kept = np.maximum(estimate.diagonal(), 1)
    added = kept - estimate.diagonal()
    wrong = estimate.astype(np.float64)
    np.fill_diagonal(wrong, 0)
    found = np.count_nonzero(wrong, axis=1)
    wrong = np.maximum(wrong - np.divide(added, found, out=np.zeros(len(kept)), where=found > 0)[:, None], 0)
    np.fill_diagonal(wrong, kept)
    return _rounded(wrong.T).T


def _rounded(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Whole numbers whose rows add up to the rounded sums: the largest fractions are rounded up."""
    whole = np.floor(values).astype(np.int64)
    missing = np.rint(values.sum(axis=1)).astype(np.int64) - whole.sum(axis=1)
    order = np.argsort(np.argsort(whole - values, axis=1, kind="stable"), axis=1, kind="stable")
    rounded: NDArray[np.int64] = whole + (order < missing[:, None])
    return rounded
