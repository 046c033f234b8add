"""Measures of a classifier against scikit-learn and statsmodels, from counts."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, f1_score, precision_score, recall_score  # type: ignore[import-untyped]
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]

from imagelake.measures.classification import BINS, Bins, LabelCounts, calibration_error, mean_of, share

LABELS = 4


def made(rows: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Labels and predictions; the last label is never predicted."""
    random = np.random.default_rng(8)
    truth = random.integers(0, LABELS, rows)
    predicted = np.where(random.random(rows) < 0.7, truth, random.integers(0, LABELS, rows))
    return truth, np.where(predicted == LABELS - 1, 0, predicted)


def counts_of(truth: np.ndarray, predicted: np.ndarray) -> list[LabelCounts]:
    return [
        LabelCounts(int((truth == k).sum()), int((predicted == k).sum()), int(((truth == k) & (predicted == k)).sum()))
        for k in range(LABELS)
    ]


def test_precision_recall_and_f1_are_scikit_learns() -> None:
    """Each label's values; one that is never predicted has no precision and an F1 of 0."""
    truth, predicted = made()
    counts = counts_of(truth, predicted)
    arguments = {"labels": range(LABELS), "average": None, "zero_division": 0}
    expected = [function(truth, predicted, **arguments) for function in (precision_score, recall_score, f1_score)]
    for k, one in enumerate(counts):
        precision, recall, f1 = one.precision(0.95), one.recall(0.95), one.f1(0.95)
        assert recall is not None
        assert f1 is not None
        assert (recall.value, f1.value) == pytest.approx((expected[1][k], expected[2][k]))
        assert (precision.value if precision else 0) == pytest.approx(expected[0][k])
    assert counts[-1].precision(0.95) is None


def test_intervals_are_statsmodels() -> None:
    """Wilson's of a share, and through the share of hits among label or prediction of F1."""
    found = share(30, 40, 0.9)
    assert found is not None
    assert (found.low, found.high) == pytest.approx(proportion_confint(30, 40, alpha=0.1, method="wilson"))
    f1 = LabelCounts(40, 35, 30).f1(0.9)
    low, high = proportion_confint(30, 45, alpha=0.1, method="wilson")
    assert f1 is not None
    assert (f1.low, f1.high) == pytest.approx((2 * low / (1 + low), 2 * high / (1 + high)))
    assert share(0, 0, 0.9) is None


def test_the_mean_of_recalls_is_balanced_accuracy() -> None:
    """Every label alike, with an interval around it that holds in about as many samples as it says."""
    truth, predicted = made()
    found = mean_of([one.recall(0.95) for one in counts_of(truth, predicted)])
    assert found is not None
    assert found.value == pytest.approx(balanced_accuracy_score(truth, predicted))
    random, held = np.random.default_rng(3), 0
    for _ in range(400):
        hits = random.binomial([50, 20, 30], [0.9, 0.6, 0.75])
        one = mean_of([share(int(h), n, 0.9) for h, n in zip(hits, (50, 20, 30), strict=True)])
        assert one is not None
        assert one.low is not None
        assert one.high is not None
        held += one.low <= 0.75 <= one.high
    assert 0.86 <= held / 400 <= 0.97
    assert mean_of([None]) is None


def test_calibration_error_is_that_of_the_rows() -> None:
    """A brute force over images, bin by bin; a calibrated classifier's interval begins at or near 0."""
    random = np.random.default_rng(6)
    scores = random.beta(4, 2, 3_000)
    for hits, low_at_most in ((random.random(3_000) < scores, 0.015), (random.random(3_000) < scores - 0.15, 1)):
        number = np.minimum((scores * BINS).astype(int), BINS - 1)
        parts = [number == one for one in range(BINS)]
        expected = sum(abs(hits[part].sum() - scores[part].sum()) for part in parts) / len(scores)
        bins = Bins(
            np.array([part.sum() for part in parts]),
            np.array([hits[part].sum() for part in parts]),
            np.array([scores[part].sum() for part in parts]),
        )
        found = calibration_error(bins, 0.95, 1)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        assert found.value == pytest.approx(expected)
        assert found.low <= min(low_at_most, found.value) <= found.high or low_at_most < found.value
        if low_at_most == 1:
            assert found.low < 0.15 + 0.02
            assert found.low > 0.1
    assert calibration_error(Bins(np.zeros(3, int), np.zeros(3, int), np.zeros(3)), 0.95, 1) is None
