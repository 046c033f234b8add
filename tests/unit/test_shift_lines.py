"""Many models on two sets: the fitted line, on both scales, and the published figures of ImageNetV2."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats  # type: ignore[import-untyped]

from imagelake.measures.shift.lines import EQUAL, TOO_FEW, fit_line


@pytest.mark.parametrize("scale", ["linear", "probit"])
def test_the_line_is_scipy_s(scale: str) -> None:
    """Slope with interval, intercept and r; the effective robustness is what lies above the line."""
    draw = np.random.default_rng(1)
    before = draw.uniform(0.5, 0.95, 12)
    after = np.clip(1.1 * before - 0.18 + draw.normal(0, 0.01, 12), 0.05, 0.95)
    found = fit_line(before, after, scale, 0.95)
    x, y = (before, after) if scale == "linear" else (stats.norm.ppf(before), stats.norm.ppf(after))
    wanted = stats.linregress(x, y)
    width = stats.t.ppf(0.975, 10) * wanted.stderr
    given = (found.slope, found.intercept, found.r, found.slope_low, found.slope_high)
    right = (wanted.slope, wanted.intercept, wanted.rvalue, wanted.slope - width, wanted.slope + width)
    assert given == pytest.approx(right, rel=1e-9)
    expected = wanted.intercept + wanted.slope * x
    residuals = after - (expected if scale == "linear" else stats.norm.cdf(expected))
    np.testing.assert_allclose(found.effective_robustness(before, after), residuals, atol=1e-12)


def test_the_interval_of_the_slope_covers() -> None:
    """93 to 97 % of 1,000 lines through eight models hold the planted slope."""
    draw, covered = np.random.default_rng(2), 0
    before = np.linspace(0.6, 0.8, 8)
    for _ in range(1000):
        found = fit_line(before, before - 0.1 + draw.normal(0, 0.01, 8), "linear", 0.95)
        covered += found.slope_low <= 1 <= found.slope_high
    assert 930 <= covered <= 970, covered


def test_no_line_says_why() -> None:
    """Two models, models of one accuracy, or one that is always right on the probit scale."""
    assert fit_line([0.5, 0.6], [0.4, 0.5], "linear", 0.95).undefined == TOO_FEW
    assert fit_line([0.5, 0.5, 0.5], [0.4, 0.5, 0.6], "linear", 0.95).undefined == EQUAL
    right = fit_line([0.5, 0.6, 1.0], [0.4, 0.5, 0.6], "probit", 0.95)
    assert right.undefined == "a model is right always or never"
    assert np.isnan(right.effective_robustness([0.5], [0.4])).all()
