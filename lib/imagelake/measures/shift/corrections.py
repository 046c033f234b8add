"""Corrections of many p-values at once. A NaN, a test that could not be made, is of no family and stays one."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


def holm(p: ArrayLike) -> Floats:
    """Adjusted p-values: among those below 0.05 there is a false one in at most 5 % of all families, however related.

    Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6, 65-70.
    """
    return _adjusted(p, lambda ordered: np.maximum.accumulate(ordered * np.arange(len(ordered), 0, -1)))


def benjamini_hochberg(p: ArrayLike) -> Floats:
    """Adjusted p-values: of those below 0.05 at most 5 % are false, on average, where tests are not opposed.

    Benjamini and Hochberg (1995), Controlling the false discovery rate, JRSS B 57, 289-300.
    """

    def rise(ordered: Floats) -> Floats:
        scaled = ordered * len(ordered) / np.arange(1, len(ordered) + 1)
        return np.minimum.accumulate(scaled[::-1])[::-1]

    return _adjusted(p, rise)


def _adjusted(p: ArrayLike, adjust: Callable[[Floats], Floats]) -> Floats:
    values = np.asarray(p, np.float64)
    result = np.full_like(values, np.nan)
    made = np.flatnonzero(~np.isnan(values))
    order = made[np.argsort(values[made])]
    if len(order):
        result[order] = np.minimum(1, adjust(values[order]))
    return result
