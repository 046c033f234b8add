"""Tail probabilities: those of SciPy, from the middle to the last digit before 0."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import special, stats  # type: ignore[import-untyped]

from imagelake.measures.shift.distributions import (
    kolmogorov_p,
    normal_p,
    normal_score,
    normal_share,
    probit,
    student_t_p,
    student_t_quantile,
)


@pytest.mark.parametrize("df", [1, 1.7, 4, 29, 61.3, 998.2, 60_000, 2.5e6])
def test_student_s_t_is_scipy_s(df: float) -> None:
    """At any degrees of freedom, to 1e-9 relative, also where the p-value is 1e-200."""
    t = np.concatenate([[1e-12, 1e-4], np.linspace(0.01, 12, 200), [20.0, 30.0]])
    np.testing.assert_allclose(student_t_p(t, df), 2 * stats.t.sf(t, df), rtol=1e-9)


def test_undefined_and_infinite_t() -> None:
    """NaN stays NaN, infinite is impossible, and 0 is certain; the sign does not matter."""
    np.testing.assert_array_equal(student_t_p([np.nan, np.inf, -np.inf, 0.0], 5.0), [np.nan, 0, 0, 1])
    assert student_t_p(-2.0, 7.0) == student_t_p(2.0, 7.0)
    assert student_t_quantile(0.95, 2) == pytest.approx(stats.t.ppf(0.975, 2), rel=1e-9)


def test_normal_and_kolmogorov_are_scipy_s() -> None:
    """Both tails, the quantiles and their inverse; Kolmogorov's on both sides of where its series change."""
    z = np.linspace(-8, 8, 101)
    np.testing.assert_allclose(normal_p(z), 2 * stats.norm.sf(np.abs(z)), rtol=1e-12)
    shares = np.array([0.001, 0.3, 0.5, 0.999])
    np.testing.assert_allclose(probit(shares), stats.norm.ppf(shares), rtol=1e-9)
    np.testing.assert_allclose(normal_share(probit(shares)), shares, rtol=1e-9)
    scaled = np.linspace(0.05, 4, 120)
    np.testing.assert_allclose(kolmogorov_p(scaled), special.kolmogorov(scaled), rtol=1e-9, atol=1e-15)
    assert kolmogorov_p(0.0) == 1
    assert normal_score(0.95) == pytest.approx(1.959963984540054)
    with pytest.raises(ValueError, match="confidence level 95"):
        normal_score(95)
