"""Confidence intervals against statsmodels, closed forms and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import (  # type: ignore[import-untyped]
    confint_proportions_2indep,
    proportion_confint,
)

from imagelake.measures.intervals import mean_interval, wilson_interval


@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_wilson_agrees_with_statsmodels(level: float) -> None:
    """Every number of successes of every n up to 40, and large n, gives the second library's bounds."""
    pairs = [(k, n) for n in range(1, 41) for k in range(n + 1)] + [(1, 10**6), (2 * 10**9, 3 * 10**9)]
    successes, trials = np.array(pairs).T
    low, high = wilson_interval(successes, trials, level)
    expected = proportion_confint(successes, trials, alpha=1 - level, method="wilson")
    np.testing.assert_allclose(low, expected[0], rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(high, expected[1], rtol=1e-9, atol=1e-15)


def test_wilson_solves_its_equation() -> None:
    """At a bound p the observed share lies z standard errors of p away."""
    z = 1.959963984540054
    for bound in wilson_interval(8, 10, 0.95):
        assert abs(8 / 10 - bound) == pytest.approx(z * math.sqrt(bound * (1 - bound) / 10))


@given(st.integers(1, 10**7).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.01, 0.999))
def test_wilson_stays_within_0_and_1_and_holds_the_share(pair: tuple[int, int], level: float) -> None:
    """No rounding pushes a bound out of [0, 1] or past the share itself."""
    successes, n = pair
    low, high = wilson_interval(successes, n, level)
    assert 0 <= low <= successes / n <= high <= 1


def test_wilson_is_exact_at_the_ends_and_symmetric() -> None:
    """None of n gives a lower bound of exactly 0, all of n an upper one of 1, and failures mirror successes."""
    assert wilson_interval(0, 7, 0.95)[0] == 0
    assert wilson_interval(7, 7, 0.95)[1] == 1
    low, high = wilson_interval(3, 7, 0.95)
    assert (1 - high, 1 - low) == pytest.approx(wilson_interval(4, 7, 0.95))


def test_wilson_takes_32_bit_counts() -> None:
    """Counts whose product leaves 32 bits give the same interval as floats."""
    narrow = wilson_interval(np.array([60_000], np.int32), np.array([120_000], np.int32), 0.95)
    np.testing.assert_allclose(narrow, wilson_interval(np.array([6e4]), np.array([1.2e5]), 0.95))


@pytest.mark.parametrize("level", [-0.5, 0.0, 1.0, 95.0])
def test_a_level_that_is_no_share_is_an_error_that_names_it(level: float) -> None:
    """A level in percent, or 0 or 1, is refused with its value."""
    with pytest.raises(ValueError, match=str(level)):
        wilson_interval(1, 2, level)


def test_the_mean_of_one_share_has_its_interval() -> None:
    """With one label the macro average is that label."""
    assert mean_interval([0.8], [0.49], [0.94]) == pytest.approx((0.8, 0.49, 0.94))


def test_the_mean_of_two_agrees_with_newcombes_difference() -> None:
    """(a + b) / 2 = (a - (1 - b) + 1) / 2, and for a difference statsmodels has the same construction."""
    low_a, high_a = wilson_interval(8, 10, 0.95)
    low_b, high_b = wilson_interval(3, 20, 0.95)
    difference = confint_proportions_2indep(8, 10, 20 - 3, 20, method="newcomb", compare="diff", alpha=0.05)
    _, low, high = mean_interval([0.8, 0.15], [low_a, low_b], [high_a, high_b])
    assert (2 * low - 1, 2 * high - 1) == pytest.approx(difference)


def coverage_of_the_mean(truth: list[float], n: list[int]) -> float:
    """How often, of 2,000 draws, the 95 % interval of the mean holds the true mean."""
    generator, held = np.random.default_rng(7), 0
    for _ in range(2000):
        successes, trials = generator.binomial(n, truth), np.array(n)
        _, low, high = mean_interval(successes / trials, *wilson_interval(successes, trials, 0.95))
        held += int(low <= np.mean(truth) <= high)
    return held / 2000


def test_the_interval_of_the_mean_holds_it_as_often_as_promised() -> None:
    """With hundreds of images a label it is 95 of 100; with a few, and shares near 0 and 1, more and never fewer."""
    assert 0.935 <= coverage_of_the_mean([0.8, 0.7, 0.6, 0.3, 0.4], [200, 300, 150, 400, 250]) <= 0.97
    assert coverage_of_the_mean([0.99, 0.9, 0.6, 0.3, 0.05], [5, 60, 20, 40, 10]) >= 0.945
