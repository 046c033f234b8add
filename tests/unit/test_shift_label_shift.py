"""The mix of classes of an unlabelled set: a planted one is found within its interval."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from imagelake.errors import ImageLakeError
from imagelake.measures.shift.label_shift import (
    calibrate,
    mix_from_predictions,
    mix_from_probabilities,
    shares_by_em,
)

CENTRES = np.array([[0.0, 0.0], [1.6, 0.0], [0.0, 1.6]])
PLANTED = np.array([0.6, 0.3, 0.1])


def drawn(
    draw: np.random.Generator, n: int, shares: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Posteriors of a model of three classes of equal shares that is too sure and prefers one, and the classes."""
    labels = draw.choice(3, size=n, p=shares)
    points = CENTRES[labels] + draw.normal(size=(n, 2))
    logits = -((points[:, None, :] - CENTRES) ** 2).sum(axis=2) / 2
    sure = 2.5 * logits + np.array([0.0, 0.8, -0.5])
    powers = np.exp(sure - sure.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True), labels


def test_em_is_the_maximum_of_the_likelihood() -> None:
    """Found on a fine grid of all mixes of two classes as well."""
    draw = np.random.default_rng(1)
    likelihoods = draw.uniform(0.05, 1, size=(200, 2))
    grid = np.linspace(0.0005, 0.9995, 1000)
    logs = np.log(np.outer(likelihoods[:, 0], grid) + np.outer(likelihoods[:, 1], 1 - grid)).sum(axis=0)
    assert shares_by_em(likelihoods, [0.5, 0.5])[0] == pytest.approx(grid[np.argmax(logs)], abs=1e-3)
    # A row counted twice is two rows.
    twice = shares_by_em(np.concatenate([likelihoods, likelihoods[:50]]), [0.5, 0.5])
    weights = np.where(np.arange(200) < 50, 2.0, 1.0)
    np.testing.assert_allclose(shares_by_em(likelihoods, [0.5, 0.5], weights), twice, atol=1e-9)


def test_calibration_is_the_logistic_regression_of_the_logs() -> None:
    """Slope and biases make the planted error good, and no other slope or bias is more likely."""
    probabilities, labels = drawn(np.random.default_rng(2), 6000, np.full(3, 1 / 3))
    found = calibrate(probabilities, labels)
    assert found.slope == pytest.approx(1 / 2.5, rel=0.06)
    given = found.of(probabilities)[np.arange(6000), labels]
    # scikit-learn's regression has nine weights where this has one slope: it cannot fit worse, nor much better here.
    logs = np.log(probabilities)
    free = LogisticRegression(C=1e6, max_iter=500).fit(logs, labels).predict_proba(logs)[np.arange(6000), labels]
    assert 0 <= np.mean(np.log(free)) - np.mean(np.log(given)) < 0.002


def test_a_planted_mix_is_found_from_predictions_alone() -> None:
    """Within its interval for 93 to 97 % of 180 shares; what the model prefers does not deceive it."""
    draw, covered = np.random.default_rng(3), []
    for run in range(60):
        (known, labels), (unknown, _) = drawn(draw, 900, np.full(3, 1 / 3)), drawn(draw, 700, PLANTED)
        confusion = np.zeros((3, 3))
        np.add.at(confusion, (labels, known.argmax(axis=1)), 1)
        predicted = np.bincount(unknown.argmax(axis=1), minlength=3)
        found = mix_from_predictions(confusion, predicted, 0.95, seed=run)
        assert found.shares.sum() == pytest.approx(1)
        covered += ((found.low <= PLANTED) & (found.high >= PLANTED)).tolist()
    assert 0.9 <= np.mean(covered) <= 0.99, np.mean(covered)


def test_a_planted_mix_is_found_from_probabilities() -> None:
    """Within its interval, and nearer than the shares of the predicted classes are."""
    draw = np.random.default_rng(4)
    (known, labels), (unknown, _) = drawn(draw, 1500, np.full(3, 1 / 3)), drawn(draw, 1500, PLANTED)
    found = mix_from_probabilities(known, labels, unknown, 0.99, seed=1)
    assert ((found.low <= PLANTED) & (found.high >= PLANTED)).all()
    naive = np.bincount(unknown.argmax(axis=1), minlength=3) / 1500
    assert np.abs(found.shares - PLANTED).max() < np.abs(naive - PLANTED).max()


def test_predictions_that_hardly_occur_before_leave_the_mix_open() -> None:
    """A resampled set that lacks the only prediction made after teaches nothing, and its shares are shares still."""
    mix = mix_from_predictions([[5, 1], [6, 0]], [0, 3], 0.95, seed=1)
    assert mix.shares == pytest.approx([1, 0])
    assert np.isfinite([mix.low, mix.high]).all()
    assert mix.low[0] < 0.6


def test_a_class_without_labels_is_an_error() -> None:
    """Nothing tells what the model says of a class that the set with labels lacks."""
    with pytest.raises(ImageLakeError, match="class 1 has no image with a label"):
        mix_from_predictions([[5, 1], [0, 0]], [3, 3], 0.95, 0)
