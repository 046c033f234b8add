"""Two shares: exact tests against SciPy, intervals against statsmodels and against what they should cover."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]
from statsmodels.stats.proportion import confint_proportions_2indep, proportions_ztest  # type: ignore[import-untyped]

from imagelake.measures.shift.proportions import (
    difference_interval,
    fisher_p,
    mcnemar_p,
    paired_interval,
    two_shares_p,
)


@pytest.mark.parametrize(("hits", "n", "others", "m"), [(40, 50, 5, 10), (50, 50, 0, 10), (0, 8, 0, 9), (3, 3, 7, 9)])
def test_two_independent_shares(hits: int, n: int, others: int, m: int) -> None:
    """Fisher's exact p-value is SciPy's and Newcombe's interval statsmodels'."""
    wanted = stats.fisher_exact([[hits, n - hits], [others, m - others]]).pvalue
    assert fisher_p(hits, n, others, m) == pytest.approx(wanted, rel=1e-9)
    low, high = difference_interval(hits, n, others, m, 0.95)
    wanted_low, wanted_high = confint_proportions_2indep(hits, n, others, m, method="newcomb", compare="diff")
    assert (low, high) == pytest.approx((wanted_low, wanted_high), abs=1e-12)


def test_two_large_shares() -> None:
    """The score test is that of statsmodels; no difference at all has p 1."""
    wanted = proportions_ztest([38_065, 6_333], [50_000, 10_000])[1]
    assert two_shares_p(38_065, 50_000, 6_333, 10_000) == pytest.approx(wanted, rel=1e-9)
    assert two_shares_p(5, 5, 3, 3) == 1.0


@pytest.mark.parametrize(("first", "second"), [(0, 0), (3, 12), (12, 3), (7, 7), (900, 1001)])
def test_paired_shares_are_tested_exactly(first: int, second: int) -> None:
    """McNemar's exact p-value is that of the binomial test; without any difference it is 1."""
    wanted = stats.binomtest(first, first + second, 0.5).pvalue if first + second else 1.0
    assert mcnemar_p(first, second) == pytest.approx(wanted, rel=1e-9)


def test_the_paired_interval_is_newcombe_s() -> None:
    """The examples of his paper: 36, 12, 2, 0 give 0.0569 to 0.3404, and those without a margin."""
    assert paired_interval(36, 12, 2, 0, 0.95) == pytest.approx((0.0569, 0.3404), abs=2e-4)
    assert paired_interval(0, 0, 0, 50, 0.95) == pytest.approx((-0.0714, 0.0714), abs=2e-3)
    low, high = paired_interval(50, 0, 0, 0, 0.95)
    assert low == -high


def test_intervals_cover_what_they_say() -> None:
    """Of 2,000 pairs of sets with planted shares 93 to 97 % hold the true difference: independent and paired ones."""
    draw = np.random.default_rng(3)
    hits, others = draw.binomial(200, 0.76, 2000), draw.binomial(90, 0.63, 2000)
    low, high = difference_interval(hits, 200, others, 90, 0.95)
    assert 0.93 <= np.mean((low <= 0.13) & (high >= 0.13)) <= 0.97
    covered = 0
    for both, first, second, neither in draw.multinomial(150, [0.6, 0.15, 0.05, 0.2], 2000).tolist():
        low, high = paired_interval(both, first, second, neither, 0.95)
        covered += low <= 0.1 <= high
    assert 0.93 <= covered / 2000 <= 0.975
