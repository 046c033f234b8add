"""Two shares compared: of two sets, or of the same images under two conditions."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagelake.measures.intervals import wilson_interval
from imagelake.measures.shift.distributions import normal_p

Floats = NDArray[np.float64]

_AS_LIKELY = 1 + 1e-7  # tables whose probability differs from the observed one by rounding alone count as equal


def difference_interval(hits: ArrayLike, n: ArrayLike, others: ArrayLike, m: ArrayLike, level: float) -> Floats:
    """The interval of hits / n - others / m of two independent sets: float64 [2, ...].

    The score intervals of both shares, combined in squares: Newcombe (1998), Interval estimation for the difference
    between independent proportions, Statistics in Medicine 17, 873-890, method 10.

    Args:
        hits: 0 to n.
        n: above 0.
        others: 0 to m.
        m: above 0.
        level: of the interval.
    """
    first, second = np.asarray(hits) / np.asarray(n), np.asarray(others) / np.asarray(m)
    low, high = wilson_interval(np.asarray(hits), np.asarray(n), level)
    other_low, other_high = wilson_interval(np.asarray(others), np.asarray(m), level)
    away = first - second
    below = away - np.sqrt((first - low) ** 2 + (other_high - second) ** 2)
    return np.stack([below, away + np.sqrt((high - first) ** 2 + (second - other_low) ** 2)])


def paired_interval(both: int, first: int, second: int, neither: int, level: float) -> tuple[float, float]:
    """The interval of the difference of two shares of the same images: (first - second) / n.

    Newcombe (1998), Improved confidence intervals for the difference between binomial proportions based on paired data,
    Statistics in Medicine 17, 2635-2650, method 10.

    Args:
        both: images right in both.
        first: right in the first alone.
        second: right in the second alone.
        neither: right in none; n is the sum of all four, above 0.
        level: of the interval.
    """
    n = both + first + second + neither
    one, other = (both + first) / n, (both + second) / n
    low, high = wilson_interval(both + first, n, level)
    other_low, other_high = wilson_interval(both + second, n, level)
    margins = (both + first) * (second + neither) * (both + second) * (first + neither)
    phi = 0.0
    if margins:
        excess = both * neither - first * second
        phi = (max(excess - n / 2, 0) if excess > 0 else excess) / math.sqrt(margins)
    below, above = one - low, other_high - other
    other_below, other_above = other - other_low, high - one
    away = one - other
    return (
        away - math.sqrt(max(0, below**2 - 2 * phi * below * above + above**2)),
        away + math.sqrt(max(0, other_above**2 - 2 * phi * other_above * other_below + other_below**2)),
    )


def mcnemar_p(first: int, second: int) -> float:
    """Whether images right in the first alone and in the second alone are equally many: two-sided, exact.

    McNemar (1947), Note on the sampling error of the difference between correlated proportions, Psychometrika 12,
    153-157, by the binomial distribution instead of its limit.
    """
    n, fewer = first + second, min(first, second)
    if n == 0:
        return 1.0
    chances = np.exp(_log_choose(n, np.arange(fewer + 1)) - n * math.log(2))
    return min(1.0, 2 * float(chances.sum()))


def two_shares_p(hits: int, n: int, others: int, m: int) -> float:
    """Whether two large independent sets have one share: two-sided, by the score with the common share.

    Pearson (1900), On the criterion that a given system of deviations, Philosophical Magazine 50, 157-175.
    """
    common = (hits + others) / (n + m)
    if common in (0, 1):
        return 1.0
    z = (hits / n - others / m) / math.sqrt(common * (1 - common) * (1 / n + 1 / m))
    return float(normal_p(z))


def fisher_p(hits: int, n: int, others: int, m: int) -> float:
    """Whether two independent sets of any size have one share: two-sided, exact and so rather too large.

    Fisher (1935), The logic of inductive inference, JRSS 98, 39-82: the probability, given the margins, of all tables
    that are no more likely than this one.
    """
    right = hits + others
    tables = np.arange(max(0, right - m), min(n, right) + 1)
    logs = _log_choose(n, tables) + _log_choose(m, right - tables)
    chances = np.exp(logs - logs.max())
    observed = chances[hits - tables[0]]
    return min(1.0, float(chances[chances <= observed * _AS_LIKELY].sum() / chances.sum()))


def _log_choose(n: int, k: NDArray[np.integer]) -> Floats:
    """Logarithms of the binomial coefficients of n over each k."""
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, n + 1)))])
    return np.asarray(logs[n] - logs[k] - logs[n - k], np.float64)
