"""Tests that use the order of values alone, of each of D features between two samples, and of two columns.

Letters: N rows of the first sample, M of the second, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagelake.measures.shift.distributions import kolmogorov_p, normal_p, normal_score

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RankTests:
    """What the order says of D features.

    Attributes:
        ks: float64 [D], the largest distance of the two distribution functions, 0 to 1.
        ks_p: float64 [D], by Kolmogorov's limit, which is close from some dozens of rows on.
        above: float64 [D], the share of pairs whose first value is above the second, ties as half: Mann and Whitney's U
            over the number of pairs, 0.5 without a difference.
        above_p: float64 [D], two-sided, by the normal limit with ties and the correction of continuity; NaN where all
            values are equal.
    """

    ks: Floats
    ks_p: Floats
    above: Floats
    above_p: Floats


def rank_tests(first: ArrayLike, second: ArrayLike) -> RankTests:
    """Both tests of two samples.

    Smirnov (1948), Table for estimating the goodness of fit of empirical distributions, Ann. Math. Stat. 19, 279-281;
    Mann and Whitney (1947), On a test of whether one of two random variables is stochastically larger, ibid. 18, 50-60.

    Args:
        first: [N, D], at least one row.
        second: [M, D], at least one row.
    """
    one, other = np.asarray(first), np.asarray(second)
    columns = [_of_feature(a, b) for a, b in zip(np.sort(one.T), np.sort(other.T), strict=True)]
    ks, above, ties = (np.array(values, np.float64) for values in zip(*columns, strict=True))
    n, m = len(one), len(other)
    with np.errstate(divide="ignore", invalid="ignore"):
        deviation = np.sqrt(n * m / 12 * ((n + m + 1) - ties / ((n + m) * max(1, n + m - 1))))
        z = np.maximum(0, np.abs(above - 0.5) * n * m - 0.5) / deviation
    z[deviation == 0] = np.nan
    return RankTests(ks, kolmogorov_p(ks * np.sqrt(n * m / (n + m))), above, normal_p(z))


def _of_feature(first: NDArray[np.floating], second: NDArray[np.floating]) -> tuple[float, float, float]:
    """Distance, share of pairs above, and the sum of t^3 - t over groups of t tied values; both samples in order."""
    both = np.concatenate([first, second])
    one, other = (np.searchsorted(sample, both, side="right") / len(sample) for sample in (first, second))
    below, not_above = (np.searchsorted(second, first, side=side) for side in ("left", "right"))
    _, counts = np.unique(both, return_counts=True)
    tied = counts[counts > 1].astype(np.float64)
    above = float(np.mean(below + not_above)) / 2 / len(second)
    return float(np.max(np.abs(one - other))), above, float(np.sum(tied**3 - tied))


@dataclass(frozen=True)
class Correlation:
    """A rank correlation, -1 to 1, with its interval; NaN where undefined, with the reason."""

    r: float
    low: float
    high: float
    n: int
    undefined: str | None = None


def rank_correlation(x: ArrayLike, y: ArrayLike, level: float) -> Correlation:
    """Spearman's correlation of ranks with its interval.

    On Fisher's scale with the variance (1 + r^2 / 2) / (n - 3): Bonett and Wright (2000), Sample size requirements for
    estimating Pearson, Kendall and Spearman correlations, Psychometrika 65, 23-28.

    Args:
        x: n values.
        y: n values of the same rows.
        level: of the interval.
    """
    first, second = average_ranks(x), average_ranks(y)
    n, nan = len(first), float("nan")
    if n < 4:
        return Correlation(nan, nan, nan, n, "fewer than four rows")
    if np.ptp(first) == 0 or np.ptp(second) == 0:
        return Correlation(nan, nan, nan, n, "all values of a column are equal")
    r = float(np.corrcoef(first, second)[0, 1])
    if abs(r) > 1 - 1e-12:
        return Correlation(r, r, r, n)
    width = normal_score(level) * np.sqrt((1 + r * r / 2) / (n - 3))
    low, high = np.tanh(np.arctanh(r) + np.array([-width, width]))
    return Correlation(r, float(low), float(high), n)


def average_ranks(values: ArrayLike) -> Floats:
    """Ranks from 1; tied values share the mean of theirs."""
    column = np.asarray(values, np.float64)
    ordered = np.sort(column)
    below, not_above = (np.searchsorted(ordered, column, side=side) for side in ("left", "right"))
    return (below + not_above + 1) / 2
