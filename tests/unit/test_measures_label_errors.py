"""Confident learning finds on CIFAR-10's test labels what cleanlab 2.9 finds, and its sums can be split."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from imagelake.measures.label_errors import (
    NOBODY,
    confidence_sums,
    estimated_joint,
    joint_counts,
    likely_labels,
    normalised_margin,
    self_confidence,
    thresholds_of,
    wrong_counts,
)


def counted(scores: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    sums = confidence_sums(scores, labels)
    joint = joint_counts(labels, likely_labels(scores, thresholds_of(sums)), scores.shape[1])
    return wrong_counts(estimated_joint(joint, sums[0].astype(np.int64)))


def test_as_many_as_cleanlab_finds(shared_data: Path) -> None:
    """284 by noise rate, 244 by confident learning, 706 predictions that differ."""
    scores = np.load(shared_data / "label_errors" / "cifar10_test_probabilities.npy")
    labels = np.load(shared_data / "label_errors" / "cifar10_test_labels.npy").astype(np.int64)
    best = scores.argmax(axis=1)
    assert (best != labels).sum() == 706
    sums = confidence_sums(scores, labels)
    likely = likely_labels(scores, thresholds_of(sums))
    assert ((likely != NOBODY) & (likely != labels) & (best != labels)).sum() == 244
    wrong, by_noise_rate = counted(scores, labels), np.zeros(len(labels), bool)
    for given in range(10):
        for other in set(range(10)) - {given}:
            if n := wrong[given, other]:
                margin = scores[:, other] - scores[:, given]
                bound = np.sort(margin[labels == given])[-n]
                by_noise_rate |= (labels == given) & (margin >= bound)
    assert (by_noise_rate & (best != labels)).sum() == 284


def test_scores_are_those_of_their_formulas() -> None:
    """Self-confidence and normalised margin, by hand."""
    scores = np.array([[0.7, 0.2, 0.1], [0.1, 0.15, 0.75]])
    labels = np.array([0, 1])
    np.testing.assert_allclose(self_confidence(scores, labels), [0.7, 0.15])
    np.testing.assert_allclose(normalised_margin(scores, labels), [0.75, 0.2])


def test_of_several_likely_labels_the_best_score_counts() -> None:
    """A frequent label with a low threshold does not take an image from a better one; alone it does."""
    scores = np.array([[0.3, 0.7, 0.0], [0.3, 0.4, 0.3], [0.1, 0.4, 0.5]])
    assert likely_labels(scores, np.array([0.2, 0.6, 0.9])).tolist() == [1, 0, NOBODY]


def test_sums_of_parts_add_up() -> None:
    """Thresholds and counts are those of the whole, wherever it is cut."""
    random = np.random.default_rng(2)
    scores, labels = random.dirichlet(np.ones(6) / 2, 500), random.integers(0, 6, 500)
    whole = confidence_sums(scores, labels)
    np.testing.assert_allclose(
        confidence_sums(scores[:99], labels[:99]) + confidence_sums(scores[99:], labels[99:]), whole
    )
    likely = likely_labels(scores, thresholds_of(whole))
    parts = [joint_counts(labels[part], likely[part], 6) for part in (slice(0, 99), slice(99, None))]
    np.testing.assert_array_equal(parts[0] + parts[1], joint_counts(labels, likely, 6))


def test_estimates_keep_the_images_of_each_label() -> None:
    """Rows of the estimate add up to the images that have the label, and one image of each is always right."""
    joint = np.array([[0, 5, 0], [1, 8, 3], [0, 0, 0]])
    estimate = estimated_joint(joint, np.array([7, 20, 4]))
    assert estimate.sum(axis=1).tolist() == [7, 20, 4]
    assert estimate.diagonal().min() >= 1
    wrong = wrong_counts(np.array([[0, 3], [0, 5]]))
    assert wrong.diagonal().tolist() == [1, 5]
    assert wrong[0, 1] == 2


def test_a_label_without_images_is_nobodys() -> None:
    """No score reaches the threshold of a label that no image has."""
    sums = confidence_sums(np.array([[0.1, 0.9]]), np.array([0]))
    assert thresholds_of(sums)[1] == pytest.approx(np.inf)
    assert likely_labels(np.array([[0.05, 0.95]]), thresholds_of(sums)).tolist() == [NOBODY]
