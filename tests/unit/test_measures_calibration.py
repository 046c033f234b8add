"""Calibration against scikit-learn's logistic regression, and on scores that are right already."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from imagelake.measures.calibration import calibrate, log_odds

RANDOM = np.random.default_rng(4)


def test_it_is_logistic_regression() -> None:
    """With many outcomes of each value, whose softening weighs nothing, the line is scikit-learn's."""
    scores = RANDOM.random(200_000)
    outcomes = RANDOM.random(200_000) < 1 / (1 + np.exp(-(0.7 * log_odds(scores) - 1.2)))
    found = calibrate(scores, outcomes)
    other = LogisticRegression(C=1e9, tol=1e-10).fit(log_odds(scores)[:, np.newaxis], outcomes)
    assert (found.slope, found.shift) == pytest.approx((other.coef_[0, 0], other.intercept_[0]), abs=1e-3)
    assert (found.slope, found.shift) == pytest.approx((0.7, -1.2), abs=0.02)
    assert found.of(np.array([found.threshold(0.5)]))[0] == pytest.approx(0.5)
    assert found.threshold(0.9) > found.threshold(0.5)


def test_few_verdicts_that_scores_tell_apart_have_a_line() -> None:
    """Three against three without an error: probabilities between 0 and 1, and a threshold between the two."""
    scores = np.array([0.1, 0.2, 0.3, 0.6, 0.8, 0.9])
    found = calibrate(scores, scores > 0.5)
    assert 0.3 < found.threshold(0.5) < 0.6
    assert (np.diff(found.of(scores)) > 0).all()
    assert 0 < found.of(scores)[0] < found.of(scores)[-1] < 1


def test_scores_that_tell_nothing_have_no_threshold() -> None:
    """Where higher scores are less often right, no threshold is proposed; one value alone is an error."""
    scores = np.array([0.1, 0.2, 0.8, 0.9])
    assert calibrate(scores, scores < 0.5).threshold(0.5) == 1.0
    with pytest.raises(ValueError, match="found 4 true and 0 false"):
        calibrate(scores, scores < 2)
