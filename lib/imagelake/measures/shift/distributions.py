"""Tail probabilities of Student's t, of the normal and of Kolmogorov's distribution, on arrays.

SciPy, which has them, would add 100 MB to the archive of executors; the tests compare with it.
"""

from __future__ import annotations

import math
from functools import cache
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

_TINY = 1e-300  # keeps Lentz's method from a division by 0
_EXACT_GAMMA_BELOW = 30.0
_FRACTIONS = 20_000  # terms; a thousand are enough for a million degrees of freedom
_TERMS = np.arange(1, 101)


def student_t_p(t: ArrayLike, df: ArrayLike) -> Floats:
    """Two-sided p-values of Student's t: P(|T| >= |t|), to some 1e-12 relative.

    The regularised incomplete beta function I_x(df / 2, 1 / 2) at x = df / (df + t^2), by its continued fraction:
    Abramowitz and Stegun (1964), Handbook of mathematical functions, 26.5.8 and 26.7.1.

    Args:
        t: any shape; infinite gives 0, NaN gives NaN.
        df: degrees of freedom, above 0, of the same shape or one that broadcasts to it.
    """
    values, freedom = np.broadcast_arrays(np.abs(np.asarray(t, np.float64)), np.asarray(df, np.float64))
    p = np.where(np.isinf(values), 0.0, np.nan)
    usable = np.isfinite(values) & (freedom > 0)
    p[usable] = _tails(values[usable], freedom[usable])
    return p


def _tails(t: Floats, df: Floats) -> Floats:
    a, b, ratio = df / 2, np.full_like(df, 0.5), t * t / df
    x, rest = 1 / (1 + ratio), ratio / (1 + ratio)
    with np.errstate(divide="ignore"):
        front = np.exp(-a * np.log1p(ratio) + 0.5 * np.log(rest) - _log_beta_half(a))
    # The fraction converges fast on one side of the mean; the other side is the complement.
    far = x < (a + 1) / (a + b + 2)
    tails = np.empty_like(t)
    tails[far] = front[far] * _fraction(a[far], b[far], x[far]) / a[far]
    near = ~far
    tails[near] = 1 - front[near] * _fraction(b[near], a[near], rest[near]) / b[near]
    return tails


def _log_beta_half(a: Floats) -> Floats:
    """The logarithm of B(a, 1/2). The difference of two large logarithms of gamma would lose nine digits of sixteen."""
    large = np.maximum(a, _EXACT_GAMMA_BELOW)
    series = 0.5 * np.log(large) - 1 / (8 * large) + 1 / (192 * large**3) - 1 / (640 * large**5)
    series += 17 / (14336 * large**7)
    small = [math.lgamma(value + 0.5) - math.lgamma(value) for value in np.minimum(a, _EXACT_GAMMA_BELOW)]
    return 0.5 * math.log(math.pi) - np.where(a < _EXACT_GAMMA_BELOW, small, series)


def _fraction(a: Floats, b: Floats, x: Floats) -> Floats:
    """The continued fraction of the incomplete beta function by the method of Lentz (1976), Applied Optics 15, 668."""
    c, d = np.ones_like(x), 1 / _away_from_0(1 - (a + b) * x / (a + 1))
    value = d.copy()
    for m in range(1, _FRACTIONS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d, c = 1 / _away_from_0(1 + even * d), _away_from_0(1 + even / c)
        value *= d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d, c = 1 / _away_from_0(1 + odd * d), _away_from_0(1 + odd / c)
        value *= d * c
        if np.all(np.abs(d * c - 1) < 1e-15):
            break
    return value


def _away_from_0(values: Floats) -> Floats:
    return np.where(np.abs(values) < _TINY, _TINY, values)


@cache
def student_t_quantile(level: float, df: float) -> float:
    """The t whose interval from -t to t has a probability of ``level``, by bisection."""
    low, high = 0.0, 1.0
    while student_t_p(high, df) > 1 - level:
        low, high = high, 2 * high
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if student_t_p(middle, df) > 1 - level else (low, middle)
    return (low + high) / 2


def normal_p(z: ArrayLike) -> Floats:
    """Two-sided p-values of normal scores: P(|Z| >= |z|)."""
    scores = np.abs(np.asarray(z, np.float64))
    return np.array([math.erfc(one / math.sqrt(2)) for one in scores.ravel()]).reshape(scores.shape)


def normal_score(level: float) -> float:
    """The z whose interval from -z to z has a probability of ``level``: 1.96 for 0.95.

    Raises:
        ValueError: the level is no share.
    """
    if not 0 < level < 1:
        raise ValueError(f"confidence level {level!r} is not between 0 and 1")
    return NormalDist().inv_cdf((1 + level) / 2)


def probit(share: ArrayLike) -> Floats:
    """The normal quantiles of shares above 0 and below 1."""
    shares = np.asarray(share, np.float64)
    return np.array([NormalDist().inv_cdf(float(one)) for one in shares.ravel()]).reshape(shares.shape)


def normal_share(score: ArrayLike) -> Floats:
    """The share of a normal distribution below a score: the inverse of `probit`."""
    scores = np.asarray(score, np.float64)
    return np.array([math.erfc(-one / math.sqrt(2)) / 2 for one in scores.ravel()]).reshape(scores.shape)


def kolmogorov_p(scaled: ArrayLike) -> Floats:
    """P(K >= scaled) of the limit of Kolmogorov's statistic times the root of n.

    Above 1 by the alternating series, below by its theta transform, each of which converges there at once: Marsaglia,
    Tsang and Wang (2003), Evaluating Kolmogorov's distribution, J. Stat. Software 8 (18).
    """
    values = np.asarray(scaled, np.float64)
    large, small = np.maximum(values, 1.0)[..., None], np.clip(values, 1e-3, 1.0)[..., None]
    tail = 2 * np.sum((-1.0) ** (_TERMS - 1) * np.exp(-2 * (_TERMS * large) ** 2), axis=-1)
    theta = np.exp(-(((2 * _TERMS - 1) * np.pi / small) ** 2) / 8) * np.sqrt(2 * np.pi) / small
    return np.asarray(np.clip(np.where(values > 1, tail, 1 - np.sum(theta, axis=-1)), 0, 1), np.float64)
