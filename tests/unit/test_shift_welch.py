"""Moments in one pass and Welch's test on them: SciPy's figures, however rows are split and wherever their mean is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import stats  # type: ignore[import-untyped]
from statsmodels.stats.multitest import multipletests  # type: ignore[import-untyped]

from imagelake.measures.shift.corrections import benjamini_hochberg, holm
from imagelake.measures.shift.moments import Moments, merged
from imagelake.measures.shift.welch import CONSTANT, CONSTANTS, TOO_FEW, welch_test


def rows(n: int, seed: int, mean: float = 0.0) -> NDArray[np.float64]:
    """Rows of 7 features of different scales."""
    draw = np.random.default_rng(seed)
    return mean + draw.normal(size=(n, 7)) * np.geomspace(1e-3, 1e3, 7)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_welch_is_scipy_s(dtype: type) -> None:
    """t, degrees of freedom and p to 1e-9 relative, from single and double precision."""
    first: NDArray[np.floating] = rows(1001, 1).astype(dtype)
    second: NDArray[np.floating] = (rows(640, 2) * 1.3 + 0.001).astype(dtype)
    wanted = stats.ttest_ind(first.astype(np.float64), second.astype(np.float64), equal_var=False)
    found = welch_test(Moments.of(first), Moments.of(second))
    np.testing.assert_allclose(found.t, wanted.statistic, rtol=1e-9)
    np.testing.assert_allclose(found.p, wanted.pvalue, rtol=1e-9)
    np.testing.assert_allclose(found.df, wanted.df, rtol=1e-9)
    assert found.undefined == [None] * 7


@pytest.mark.parametrize("mean", [2.0**20, 2.0**30])
def test_a_mean_far_above_the_deviation_loses_nothing(mean: float) -> None:
    """Values of a deviation of 1 around 2^30 give the t of the same values around 0, to 1e-9."""
    draw = np.random.default_rng(5)
    # Multiples of 2^-20, so that adding the mean is exact and the reference knows the very same deviations.
    near = [np.rint(draw.normal(at, 1, (4000, 5)) * 2**20) / 2**20 for at in (0.0, 0.01)]
    wanted = stats.ttest_ind(*near, equal_var=False)
    far = [Moments.of(sample + mean) for sample in near]
    found = welch_test(*far)
    np.testing.assert_allclose(found.t, wanted.statistic, rtol=1e-9)
    np.testing.assert_allclose(found.p, wanted.pvalue, rtol=1e-9)
    # Rounding makes a merge of parts whose first rows differ no worse.
    parts = [merged([Moments.of(part + mean) for part in np.array_split(sample, 9)]) for sample in near]
    np.testing.assert_allclose(welch_test(*parts).t, wanted.statistic, rtol=1e-9)


@given(st.lists(st.integers(0, 40), min_size=1, max_size=6), st.integers(0, 2**16))
def test_merged_parts_equal_the_whole(cuts: list[int], seed: int) -> None:
    """However the rows are split, in whatever order parts come, with a first row that is far from all others."""
    whole = rows(41, seed, mean=3.0)
    whole[0] *= 1e4
    parts = [part for part in np.split(whole, sorted(cuts)) if len(part)]
    np.random.default_rng(seed).shuffle(parts)
    found = merged([Moments.of(part) for part in parts])
    assert found.n == 41
    np.testing.assert_allclose(found.mean, whole.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.variance, whole.var(axis=0, ddof=1), rtol=1e-12)


def test_many_blocks_and_an_outlier_first() -> None:
    """A first row a million deviations away costs no digit of the variance of thousands of rows in blocks."""
    whole = rows(3000, 8)
    whole[0] += 1e6 * whole.std(axis=0)
    np.testing.assert_allclose(Moments.of(whole).variance, whole.var(axis=0, ddof=1), rtol=1e-10)
    # And of the rows after it alone, whose sums were taken about it.
    rest = welch_test(Moments.of(whole[1:1500]), Moments.of(whole[1500:]))
    wanted = stats.ttest_ind(whole[1:1500], whole[1500:], equal_var=False)
    np.testing.assert_allclose(rest.t, wanted.statistic, rtol=1e-9)


def test_constant_features_and_small_sets_say_why_there_is_no_test() -> None:
    """A constant has a variance of exactly 0, whatever its rounding; one row has no variance."""
    first, second = rows(600, 3), rows(700, 4)
    first[:, 0] = second[:, 0] = 0.1
    first[:, 1], second[:, 1] = 0.1, 0.3
    first[:, 2] = 1 / 3
    first[0, 3] = 1e9
    moments = merged([Moments.of(part) for part in np.array_split(first, 7)])
    assert moments.squares[0] == moments.squares[2] == 0
    found = welch_test(moments, Moments.of(second))
    assert found.undefined[:2] == [CONSTANT, CONSTANTS]
    assert found.undefined[2:] == [None] * 5
    assert np.isnan(found.p[:2]).all()
    assert np.isnan(found.effect[:2]).all()
    # SciPy takes the rounding of the constant's mean for variance; the other set has all of it.
    assert found.t[2] == pytest.approx(-stats.ttest_1samp(second[:, 2], 1 / 3).statistic, rel=1e-9)
    alone = welch_test(Moments.of(first[:1]), Moments.of(second))
    assert alone.undefined == [TOO_FEW] * 7
    assert np.isnan(alone.p).all()


def test_the_effect_does_not_depend_on_how_many_rows_there_are() -> None:
    """Half a deviation is an effect of 0.5, of a hundred rows against ten thousand as well."""
    draw = np.random.default_rng(0)
    for n, m in ((20_000, 20_000), (20_000, 2_000)):
        found = welch_test(Moments.of(draw.normal(0.5, 1, (n, 1))), Moments.of(draw.normal(0, 1, (m, 1))))
        assert found.effect[0] == pytest.approx(0.5, abs=0.06)


def test_corrections_are_those_of_statsmodels() -> None:
    """Holm and Benjamini-Hochberg, ties included; a test that was not made is of no family."""
    p = np.random.default_rng(4).uniform(size=60) ** 3
    p[10] = p[11]
    for correct, method in ((holm, "holm"), (benjamini_hochberg, "fdr_bh")):
        np.testing.assert_allclose(correct(p), multipletests(p, method=method)[1], rtol=1e-12)
        with_gap = correct(np.insert(p, 5, np.nan))
        assert np.isnan(with_gap[5])
        np.testing.assert_allclose(np.delete(with_gap, 5), correct(p))
        assert len(correct([])) == 0


def test_without_a_shift_a_family_has_a_false_alarm_in_one_of_twenty() -> None:
    """Over 1,000 pairs of sets of 40 features, a tenth of them related, Holm's family-wise error is at most 5 %."""
    draw, alarms, runs = np.random.default_rng(6), 0, 1000
    for _ in range(runs):
        both = draw.normal(size=(180, 40))
        both[:, :4] += both[:, :1]
        found = welch_test(Moments.of(both[:100]), Moments.of(both[100:]))
        alarms += bool(np.nanmin(holm(found.p)) < 0.05)
    # Five deviations of chance above 5 % would be 84.
    assert 20 <= alarms <= 70, alarms


def test_planted_features_are_found_first() -> None:
    """Of 200 features the five that moved are those with a Holm-adjusted p below 0.05, and have the largest effects."""
    draw = np.random.default_rng(9)
    first, second = draw.normal(size=(800, 200)), draw.normal(size=(800, 200))
    moved = [3, 50, 51, 120, 199]
    second[:, moved] += 0.5
    found = welch_test(Moments.of(second), Moments.of(first))
    assert np.flatnonzero(holm(found.p) < 0.05).tolist() == moved
    assert sorted(np.argsort(-np.abs(found.effect))[:5].tolist()) == moved
    assert (found.effect[moved] > 0).all()
