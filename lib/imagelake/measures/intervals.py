"""Confidence intervals of shares and of their means.

The functions use operators only, so they take numbers, numpy arrays and Spark columns alike. SciPy and statsmodels take
no columns, and would add 100 MB to the archive of executors; the tests compare with statsmodels.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import NormalDist
from typing import Any

Quantity = Any  # a number, a numpy array or a Spark column


def wilson_interval(successes: Quantity, n: Quantity, level: float) -> tuple[Quantity, Quantity]:
    """The score interval of a binomial share: Wilson (1927), Probable inference, JASA 22, 209-212.

    The bounds are the two solutions p of |successes/n - p| = z sqrt(p (1 - p) / n). The upper one is written through
    the lower one of the failures, which makes 0 of n give exactly 0 and n of n exactly 1.

    Args:
        successes: 0 to n.
        n: trials, above 0.
        level: the confidence level, 0 to 1 exclusive, e.g. 0.95.

    Raises:
        ValueError: the level is no share.
    """
    if not 0 < level < 1:
        raise ValueError(f"confidence level {level!r} is not between 0 and 1")
    z = NormalDist().inv_cdf((1 + level) / 2)
    return _wilson_low(successes, n, z), 1 - _wilson_low(n - successes, n, z)


def _wilson_low(successes: Quantity, n: Quantity, z: float) -> Quantity:
    z2 = z * z
    spread = (successes * ((n - successes) / n) + z2 / 4) ** 0.5
    return (successes + z2 / 2 - z * spread) / (n + z2)


def mean_interval(shares: Sequence[float], lows: Sequence[float], highs: Sequence[float]) -> tuple[float, float, float]:
    """The mean of independent shares and its interval, recovered from the interval of each.

    The distances from share to bound are added in squares: the MOVER method, Zou and Donner (2008), Statistics in
    Medicine 27, 1693-1702. Unlike the normal approximation it leaves a width where every share is 0 or 1;
    for labels of very few images it is rather too wide than too narrow.

    Args:
        shares: one or more.
        lows: the lower bound of each.
        highs: the upper bound of each.

    Returns:
        The mean, its lower and its upper bound.
    """
    count = len(shares)
    mean = sum(shares) / count
    below = sum((share - low) ** 2 for share, low in zip(shares, lows, strict=True)) ** 0.5 / count
    above = sum((high - share) ** 2 for share, high in zip(shares, highs, strict=True)) ** 0.5 / count
    return mean, mean - below, mean + above
