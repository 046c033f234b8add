"""Is one classifier better than another on the same images, or is that noise?

Letters: K labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import comb, erfc

import numpy as np
from numpy.typing import NDArray

from imagelake.measures.classification import Estimate

DRAWS = 2_000
EXACT_BELOW = (
    1_000  # discordant images up to which the binomial sum is exact; the normal approximation is as good above
)


@dataclass(frozen=True, eq=False)
class PairedCounts:
    """How two classifiers did on the same images of each label.

    Attributes:
        images: int64 [K].
        only_first: int64 [K], images that the first alone has right.
        only_second: int64 [K], images that the second alone has right.
    """

    images: NDArray[np.int64]
    only_first: NDArray[np.int64]
    only_second: NDArray[np.int64]


def mcnemar(only_first: int, only_second: int) -> float:
    """The two-sided p-value that both classifiers are equally often right.

    McNemar (1947), Note on the sampling error of the difference between correlated proportions: under the hypothesis
    each image that one alone has right is as likely the one's as the other's, a binomial test. Above EXACT_BELOW such
    images the chi-squared approximation with continuity correction (Edwards 1948).
    """
    n = only_first + only_second
    if n == 0:
        return 1.0
    if n > EXACT_BELOW:
        distance = max(0.0, abs(only_first - only_second) - 1)
        return float(_chi_squared_tail(distance**2 / n))
    tail = sum(comb(n, k) for k in range(min(only_first, only_second) + 1))
    return min(1.0, float(2 * tail / 2**n))


def _chi_squared_tail(value: float) -> float:
    """The probability of more than a value, for one degree of freedom."""
    return erfc((value / 2) ** 0.5)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number: Holm (1979), A simple sequentially rejective multiple test procedure."""
    order = sorted(range(len(p_values)), key=lambda index: p_values[index])
    corrected, largest = [0.0] * len(p_values), 0.0
    for rank, index in enumerate(order):
        largest = max(largest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = largest
    return corrected


def accuracy_difference(counts: PairedCounts, level: float, seed: int) -> Estimate:
    """The accuracy of the second less that of the first, with the bootstrap's interval over images."""
    totals = PairedCounts(*(np.array([part.sum()]) for part in (counts.images, counts.only_first, counts.only_second)))
    return balanced_difference(totals, level, seed)


def balanced_difference(counts: PairedCounts, level: float, seed: int) -> Estimate:
    """The balanced accuracy of the second less that of the first, with the bootstrap's interval within labels.

    Counts are all that resampling needs: of an image only matters which of the two has it right.

    Args:
        counts: of labels with at least one image.
        level: of the percentile interval.
        seed: of the resampling.
    """
    random, drawn = np.random.default_rng(seed), np.zeros(DRAWS)
    for n, first, second in zip(counts.images, counts.only_first, counts.only_second, strict=True):
        shares = np.array([first, second, n - first - second]) / n
        found = random.multinomial(int(n), shares, DRAWS)
        drawn += (found[:, 1] - found[:, 0]) / n
    drawn /= len(counts.images)
    value = float(np.mean((counts.only_second - counts.only_first) / counts.images))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high), int(counts.images.sum()))
