"""Tests by the order of values: SciPy's, with ties, and intervals that cover what they say."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats  # type: ignore[import-untyped]

from imagelake.measures.shift.ranks import average_ranks, rank_correlation, rank_tests


def test_both_tests_are_scipy_s() -> None:
    """Distances, shares of pairs and p-values, of features with ties, without, and shifted ones."""
    draw = np.random.default_rng(1)
    first, second = draw.normal(size=(120, 4)), draw.normal(size=(75, 4))
    second[:, 1] += 0.6
    first[:, 2], second[:, 2] = np.rint(first[:, 2]), np.rint(second[:, 2])
    first[:, 3] = np.maximum(first[:, 3], 0)  # as a network's features, zero half of the time
    second[:, 3] = np.maximum(second[:, 3], 0)
    found = rank_tests(first, second)
    for feature in range(4):
        one, other = first[:, feature], second[:, feature]
        assert found.ks[feature] == pytest.approx(stats.ks_2samp(one, other).statistic, rel=1e-12)
        assert found.ks_p[feature] == pytest.approx(
            special.kolmogorov(found.ks[feature] * np.sqrt(120 * 75 / 195)), rel=1e-9
        )
        wanted = stats.mannwhitneyu(one, other, method="asymptotic")
        assert found.above[feature] == pytest.approx(wanted.statistic / 120 / 75, rel=1e-12)
        assert found.above_p[feature] == pytest.approx(wanted.pvalue, rel=1e-9)


def test_equal_values_have_no_order() -> None:
    """A feature that is constant in both has no distance and no p-value of its order."""
    found = rank_tests(np.ones((5, 1)), np.ones((4, 1)))
    assert (found.ks[0], found.ks_p[0], found.above[0]) == (0, 1, 0.5)
    assert np.isnan(found.above_p[0])


def test_the_rank_correlation_is_scipy_s_and_its_interval_covers() -> None:
    """The interval of a planted correlation of 0.5 covers the true one in 93 to 97 % of 1,000 samples."""
    draw = np.random.default_rng(2)
    x, y = draw.integers(0, 9, 50), draw.integers(0, 9, 50)
    assert rank_correlation(x, y, 0.95).r == pytest.approx(stats.spearmanr(x, y).statistic, rel=1e-12)
    np.testing.assert_allclose(average_ranks(x), stats.rankdata(x))
    true = 6 / np.pi * np.arcsin(0.5 / 2)  # Spearman's of a bivariate normal with Pearson's 0.5
    covered = 0
    for _ in range(1000):
        a, b = draw.normal(size=(2, 60))
        found = rank_correlation(a, 0.5 * a + np.sqrt(0.75) * b, 0.95)
        covered += found.low <= true <= found.high
    assert 930 <= covered <= 970, covered


def test_a_correlation_that_cannot_be_says_why() -> None:
    """Three rows, or a column of equal values; a perfect order has no width."""
    assert rank_correlation([1, 2, 3], [1, 2, 3], 0.95).undefined == "fewer than four rows"
    assert rank_correlation([1, 1, 1, 1], [1, 2, 3, 4], 0.95).undefined == "all values of a column are equal"
    perfect = rank_correlation([1, 2, 3, 4, 9], [1, 2, 3, 4, 5], 0.95)
    assert (perfect.r, perfect.low, perfect.high) == pytest.approx((1, 1, 1))
