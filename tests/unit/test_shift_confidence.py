"""Accuracy without labels: right where the scores keep their meaning, with intervals that cover."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression  # type: ignore[import-untyped]

from imagelake.measures.shift.confidence import (
    BINS,
    KNOWN,
    Estimate,
    ScoreCounts,
    bins_of,
    calibrated,
    calibrated_estimate,
    combined_estimate,
    known_classes,
    plain_accuracies,
    threshold_estimate,
)


def drawn(draw: np.random.Generator, n: int, hard: float) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Scores of a model that is too sure of itself, and whether it is right; a share of the images is hard."""
    true = np.where(draw.uniform(size=n) < hard, draw.uniform(0.2, 0.7, n), draw.beta(8, 1.5, n))
    odds = 1.8 * np.log(true / (1 - true)) + 0.3
    return 1 / (1 + np.exp(-odds)), draw.uniform(size=n) < true


def test_counts_hold_all_that_is_needed() -> None:
    """Scores of 0 and 1 have bins; the mean score is exact; calibration is scikit-learn's isotonic regression."""
    assert bins_of([0.0, 0.5, 1.0]).tolist() == [0, BINS // 2, BINS - 1]
    scores, right = drawn(np.random.default_rng(1), 3000, 0.2)
    counts = ScoreCounts.of(scores, right)
    assert (counts.n, counts.accuracy) == pytest.approx((3000, right.mean()))
    assert counts.confidence == pytest.approx(scores.mean())
    bins = bins_of(scores)
    wanted = IsotonicRegression().fit(bins, right).predict(bins)
    found = calibrated(counts.images[KNOWN], counts.right[KNOWN])
    np.testing.assert_allclose(found[bins], wanted, atol=1e-9)


def test_the_threshold_is_that_of_sorted_scores() -> None:
    """On the known set the estimate is its accuracy; on another it is the share above the score found by sorting."""
    draw = np.random.default_rng(2)
    scores, right = drawn(draw, 4000, 0.1)
    known = ScoreCounts.of(scores, right)
    assert threshold_estimate(known, known, 0.95).accuracy == pytest.approx(right.mean(), abs=1e-12)
    others, _ = drawn(draw, 4000, 0.5)
    threshold = np.sort(scores)[::-1][right.sum() - 1]
    found = threshold_estimate(known, ScoreCounts.of(others), 0.95).accuracy
    assert found == pytest.approx(np.mean(others >= threshold), abs=0.01)


@pytest.mark.parametrize("hard", [0.1, 0.5])
def test_a_shift_to_harder_images_is_foreseen(hard: float) -> None:
    """The calibrated estimate's error is at most half of that of the mean score, which is too sure, and covers."""
    draw, covered, errors, plain = np.random.default_rng(3), 0, [], []
    for run in range(100):
        known, unknown = drawn(draw, 1500, 0.1), drawn(draw, 800, hard)
        others = ScoreCounts.of(unknown[0])
        found = calibrated_estimate(ScoreCounts.of(*known), others, 0.95, seed=run)
        truth = float(unknown[1].mean())
        covered += found.low <= truth <= found.high
        errors.append(abs(found.accuracy - truth))
        plain.append(abs(others.confidence - truth))
    assert np.mean(errors) <= np.mean(plain) / 2
    assert 0.91 <= covered / 100 <= 0.99, covered


def test_without_a_shift_the_threshold_s_interval_covers() -> None:
    """93 to 97 % of 1,000 intervals hold the accuracy that labels then show."""
    draw, covered = np.random.default_rng(4), 0
    for _ in range(1000):
        known, unknown = drawn(draw, 1000, 0.2), drawn(draw, 600, 0.2)
        found = threshold_estimate(ScoreCounts.of(*known), ScoreCounts.of(unknown[0]), 0.95)
        covered += found.low <= unknown[1].mean() <= found.high
    assert 930 <= covered <= 970, covered


def test_the_combined_estimate_covers_without_a_shift_and_is_wide_where_both_disagree() -> None:
    """Of 150 intervals without a shift about 95 %; between estimates far apart the whole way is possible."""
    draw, covered = np.random.default_rng(5), 0
    for run in range(150):
        known, unknown = drawn(draw, 1000, 0.2), drawn(draw, 600, 0.2)
        counts, others = ScoreCounts.of(*known), ScoreCounts.of(unknown[0])
        both = threshold_estimate(counts, others, 0.95), calibrated_estimate(counts, others, 0.95, run)
        found = combined_estimate(*both, 0.95)
        covered += found.low <= unknown[1].mean() <= found.high
    assert 0.9 <= covered / 150 <= 0.99, covered
    apart = combined_estimate(Estimate(0.2, 0.17, 0.23), Estimate(0.4, 0.37, 0.43), 0.95)
    assert apart.accuracy == pytest.approx(0.3)
    assert apart.high - apart.accuracy == pytest.approx(np.hypot(0.03, 1.959964 * 0.2 / np.sqrt(12)))


def test_a_model_that_is_always_right_stays_within_0_and_1() -> None:
    """No image wrong, or none right, in the known set: of three images that is no certainty."""
    scores = np.array([0.9, 0.8, 0.99])
    for truth in (0.0, 1.0):
        known = ScoreCounts.of(scores, np.full(3, truth))
        for estimate in (threshold_estimate(known, known, 0.95), calibrated_estimate(known, known, 0.95, 0)):
            assert estimate.accuracy == truth
            assert 0 <= estimate.low <= truth <= estimate.high <= 1
            assert estimate.high - estimate.low > 0.2


def test_a_class_is_known_by_other_images_alone() -> None:
    """The only owl is no evidence that owls are there; in another set it is."""
    labels, predicted = {"cat": 2, "owl": 1}, ["cat", "owl", "cat", "fox", "owl"]
    assert known_classes(predicted, labels).tolist() == [True, True, True, False, True]
    own = ["cat", "owl", "cat", "cat", "cat"]
    assert known_classes(predicted, labels, own).tolist() == [True, False, True, False, True]


def some_of_many_classes(
    draw: np.random.Generator, n: int, present: int, damage: float
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.str_], NDArray[np.str_]]:
    """Scores, whether right, predicted classes and labels: images of a few classes, by a model for a hundred.

    Damage turns logits to noise that is as sure of itself.
    """
    labels = draw.integers(0, present, n)
    logits = draw.normal(size=(n, 100))
    logits[np.arange(n), labels] += draw.uniform(0, 6, n) * (1 - damage)
    logits[:, present:] += 3 * damage * draw.uniform(size=(n, 1))
    shares = np.exp(1.5 * logits)
    shares /= shares.sum(axis=1, keepdims=True)
    best = logits.argmax(axis=1)
    return shares.max(axis=1), best == labels, best.astype(str), labels.astype(str)


@pytest.mark.parametrize(("present", "damage"), [(5, 0.0), (5, 0.5), (5, 0.8), (100, 0.0)])
def test_classes_that_are_not_there_tell_of_damage(present: int, damage: float) -> None:
    """Errors are at most half of the mean score's, and intervals hold, also where each class has four images."""
    draw, errors, plain, covered = np.random.default_rng(6), [], [], 0
    for run in range(40):
        scores, right, predicted, names = some_of_many_classes(draw, 400, present, 0.0)
        labels = dict(zip(*np.unique(names, return_counts=True), strict=True))
        counts = ScoreCounts.of(scores, right, known_classes(predicted.tolist(), labels, names.tolist()))
        scores, right, predicted, _ = some_of_many_classes(draw, 400, present, damage)
        others = ScoreCounts.of(scores, known=known_classes(predicted.tolist(), labels))
        both = threshold_estimate(counts, others, 0.95), calibrated_estimate(counts, others, 0.95, run)
        found = combined_estimate(*both, 0.95, plain_accuracies(counts, others))
        errors.append(abs(found.accuracy - right.mean()))
        plain.append(abs(others.confidence - right.mean()))
        covered += found.low <= right.mean() <= found.high
    assert np.mean(errors) <= np.mean(plain) / 2
    assert covered >= 35, covered
