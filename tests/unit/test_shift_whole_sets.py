"""Tests of whole sets: brute force, closed forms, and alarms no more often than they say."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score  # type: ignore[import-untyped]

from imagelake.measures.shift.clusters import cluster
from imagelake.measures.shift.mmd import discrepancy, gaussian_kernel
from imagelake.measures.shift.replication import Votes, matched_accuracy
from imagelake.measures.shift.strata import explained_by_mix
from imagelake.measures.shift.two_sample_classifier import auc_deviation, tell_apart


def test_the_discrepancy_is_its_definition() -> None:
    """The unbiased sum over pairs, written out; the p-value counts permutations at least as far."""
    draw = np.random.default_rng(1)
    first, second = draw.normal(size=(7, 3)), draw.normal(0.5, 1, size=(9, 3))
    kernel = gaussian_kernel(np.concatenate([first, second]))

    def mean(rows: range, columns: range) -> float:
        return float(np.mean([kernel[i, j] for i in rows for j in columns if i != j]))

    wanted = mean(range(7), range(7)) + mean(range(7, 16), range(7, 16)) - 2 * mean(range(7), range(7, 16))
    found = discrepancy(first, second, 99, seed=1)
    assert found.value == pytest.approx(wanted, rel=1e-9)
    assert 0.01 <= found.p <= 1
    assert discrepancy(first, first + 9, 99, seed=1).p == 0.01


def test_whole_set_tests_raise_no_false_alarms() -> None:
    """Over 120 pairs of samples of one distribution, both tests say otherwise in about one of twenty."""
    draw, alarms = np.random.default_rng(2), np.zeros(2)
    for run in range(120):
        first, second = draw.normal(size=(60, 5)), draw.normal(size=(50, 5))
        alarms += (discrepancy(first, second, 99, run).p <= 0.05, tell_apart(first, second, 0.95, run).p <= 0.05)
    assert (alarms <= 14).all(), alarms  # three deviations above 6
    assert (alarms >= 1).all(), alarms


def test_a_planted_shift_is_told_apart() -> None:
    """The AUC of two normals a deviation apart is 0.76; the images that moved most give their set away."""
    draw = np.random.default_rng(3)
    first, second = draw.normal(size=(3000, 4)), draw.normal(size=(3000, 4))
    second[:, 0] += 1
    second[:30, 0] += 5
    found = tell_apart(first, second, 0.95, seed=1)
    assert found.low <= 0.76 <= found.high
    assert found.p < 1e-9
    assert np.mean(np.argsort(-found.second)[:30] < 30) > 0.9
    assert found.high - found.low < 0.04


def test_the_deviation_of_an_auc_is_delong_s() -> None:
    """Against the covariance over all pairs, written out."""
    draw = np.random.default_rng(4)
    first, second = np.rint(draw.normal(size=30) * 3), np.rint(draw.normal(0.8, 1, size=20) * 3)
    pairs = np.array([[(a < b) + (a == b) / 2 for b in second] for a in first])
    wanted = np.sqrt(pairs.mean(axis=1).var(ddof=1) / 30 + pairs.mean(axis=0).var(ddof=1) / 20)
    assert auc_deviation(first, second) == pytest.approx(wanted, rel=1e-12)
    labels = [0] * 30 + [1] * 20
    assert pairs.mean() == pytest.approx(roc_auc_score(labels, np.concatenate([first, second])))


def test_the_mix_explains_what_reweighting_removes() -> None:
    """Equal accuracy by class and another mix: all of the drop; intervals cover the truth; classes left out count."""
    accuracy, before, after = np.array([0.9, 0.6, 0.3]), np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])
    true = float((before - after) @ accuracy)
    draw, covered = np.random.default_rng(5), 0
    for _ in range(1000):
        known, wanted = draw.multinomial(400, before), draw.multinomial(300, after)
        found = explained_by_mix(draw.binomial(known, accuracy), known, wanted, 0.95)
        covered += found.low <= true <= found.high
    assert 930 <= covered <= 970, covered
    exact = explained_by_mix([90, 60, 30], [100, 100, 100], [10, 10, 20], 0.95)
    assert exact.drop == pytest.approx(0.6 - (0.9 + 0.6 + 2 * 0.3) / 4)
    assert explained_by_mix([9, 0], [10, 0], [5, 15], 0.95).left_out == 0.75
    nothing = explained_by_mix([9, 0], [10, 0], [0, 15], 0.95)
    assert nothing.undefined == "the sets have no stratum in common"


def test_strata_of_equal_accuracy_do_not_widen_the_interval_of_what_their_mix_explains() -> None:
    """Of ten strata that differ little, chance makes half of the differences seen: that half is none of accuracy."""
    accuracy, shares = 0.75 + 0.05 * np.linspace(-1, 1, 10), np.full(10, 0.1)
    draw, covered = np.random.default_rng(7), 0
    for _ in range(1000):
        known, wanted = draw.multinomial(3000, shares), draw.multinomial(2000, shares)
        found = explained_by_mix(draw.binomial(known, accuracy), known, wanted, 0.95)
        covered += found.low <= 0 <= found.high
    assert 930 <= covered <= 970, covered


def test_clusters_are_numbered_from_the_farthest() -> None:
    """Three heaps of points are three clusters, the one farthest from the origin first; equal points are one."""
    draw = np.random.default_rng(6)
    heaps = [draw.normal(at, 0.01, size=(20, 2)) for at in ((0, 0), (5, 5), (1, -1))]
    found = cluster(np.concatenate(heaps), 3, seed=0)
    assert [set(found[at : at + 20].tolist()) for at in (0, 20, 40)] == [{2}, {0}, {1}]
    assert cluster(np.zeros((6, 2)), 3, seed=0).tolist() == [0] * 6


def test_the_bias_of_noisy_votes_is_taken_away() -> None:
    """Images chosen from worse ones to match shares of votes are harder, but not at equal true frequencies."""
    draw = np.random.default_rng(7)
    frequency, pool = draw.beta(4, 2, 6000), draw.beta(2, 2, 100_000)
    first = Votes.of(draw.binomial(10, frequency), np.full(6000, 10), draw.uniform(size=6000) < frequency)
    votes, right = draw.binomial(10, pool), draw.uniform(size=100_000) < pool
    wanted = np.bincount(first.rows[:, 0].astype(int), minlength=11)
    chosen = np.concatenate([np.flatnonzero(votes == number)[:count] for number, count in enumerate(wanted)])
    # Voted anew: the votes of the choice are no longer binomial.
    second = Votes.of(draw.binomial(10, pool[chosen]), np.full(len(chosen), 10), right[chosen])
    found = matched_accuracy(first, second, 0.95, seed=1)
    assert second.accuracy < first.accuracy - 0.04
    assert found.accuracy == pytest.approx(first.accuracy, abs=0.02)
    assert found.low <= first.accuracy <= found.high
    assert found.high - found.low < 0.08
