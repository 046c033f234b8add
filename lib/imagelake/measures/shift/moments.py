"""Means and variances of D features in one pass over the rows, from parts that merge.

Letters: N rows, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]

ROWS_AT_ONCE = 256  # of 1,024 features in double precision: 2 MB, which stay in the cache
_CANCELLED = 1e-4  # share of the sum of squares that is left around the mean, below which it is summed again


@dataclass(frozen=True)
class Moments:
    """The number of rows, and mean and sum of squares of each feature.

    Means are kept as offsets from a shift, the first row: two sets whose mean is a million deviations above 0 differ by
    offsets of the size of the deviation, which lose nothing to rounding.

    Attributes:
        n: rows.
        shift: float64 [D], about which the sums were taken.
        offset: float64 [D], the mean less the shift.
        squares: float64 [D], the sum of squared deviations from the mean; 0 for a constant feature, exactly.
    """

    n: int
    shift: Floats
    offset: Floats
    squares: Floats

    @classmethod
    def of(cls, rows: ArrayLike) -> Moments:
        """The moments of rows [N, D] of any float type, at least one row, all of them finite."""
        values = np.asarray(rows)
        shift = values[0].astype(np.float64)
        blocks = [_block(values[at : at + ROWS_AT_ONCE], shift) for at in range(0, len(values), ROWS_AT_ONCE)]
        return merged(blocks)

    @property
    def mean(self) -> Floats:
        """Float64 [D]."""
        return self.shift + self.offset

    @property
    def variance(self) -> Floats:
        """Float64 [D], with n - 1 below the line; NaN of a single row."""
        return self.squares / (self.n - 1) if self.n > 1 else np.full_like(self.squares, np.nan)

    def merged_with(self, other: Moments) -> Moments:
        """The moments of the rows of both.

        Chan, Golub and LeVeque (1979), Updating formulae and a pairwise algorithm for computing sample variances.
        """
        n = self.n + other.n
        distance = difference(other, self)
        share = other.n / n
        squares = self.squares + other.squares + distance**2 * (self.n * share)
        return Moments(n, self.shift, self.offset + distance * share, squares)


def _block(rows: NDArray[np.floating], shift: Floats) -> Moments:
    """The moments of a few rows. Sums are products with a vector of ones, which are as fast as memory is."""
    n = len(rows)
    around = np.subtract(rows, shift, dtype=np.float64)
    ones = np.ones(n)
    sums, squares = ones @ around, np.einsum("nd,nd->d", around, around)
    left = squares - sums**2 / n
    offset = sums / n
    if np.any(again := (left < _CANCELLED * squares)):
        # The first row of all lies far from these rows: once more around their own mean.
        nearer = around[:, again] - offset[again]
        rest = ones @ nearer
        left[again] = np.einsum("nd,nd->d", nearer, nearer) - rest**2 / n
        offset[again] += rest / n
        # A constant feature has no squares at all, not those of the rounding of its mean.
        left[again & np.all(around == around[0], axis=0)] = 0
        offset = np.where(left == 0, around[0], offset)
    return Moments(n, shift, offset, np.maximum(left, 0))


def merged(parts: list[Moments]) -> Moments:
    """The moments of the rows of all parts, at least one, in their order."""
    whole = parts[0]
    for part in parts[1:]:
        whole = whole.merged_with(part)
    return whole


def difference(first: Moments, second: Moments) -> Floats:
    """The mean of the first less that of the second, float64 [D], without the rounding of large means."""
    return (first.shift - second.shift) + (first.offset - second.offset)
