"""Maximum mean discrepancy: whether two samples of features are of one distribution.

Letters: N rows of the first sample, M of the second, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Discrepancy:
    """The squared discrepancy, unbiased and so below 0 at times; its p-value; and the permutations that gave it."""

    value: float
    p: float
    permutations: int


def discrepancy(first: ArrayLike, second: ArrayLike, permutations: int, seed: int) -> Discrepancy:
    """The test with a Gaussian kernel, as wide as the median distance, against rows dealt anew to both samples.

    Gretton et al. (2012), A kernel two-sample test, JMLR 13, 723-773, lemma 6. The p-value counts the samples as they
    are among the permutations, so that it holds at any number of these.

    Args:
        first: [N, D], at least two rows.
        second: [M, D], at least two rows.
        permutations: how many.
        seed: of the dealing.
    """
    rows = np.concatenate([np.asarray(first, np.float64), np.asarray(second, np.float64)])
    n, total = len(np.asarray(first)), len(rows)
    kernel = gaussian_kernel(rows)
    np.fill_diagonal(kernel, 0)
    draw = np.random.default_rng(seed)
    dealt = np.zeros((permutations + 1, total))
    dealt[0, :n] = 1
    for one in dealt[1:]:
        one[draw.permutation(total)[:n]] = 1
    values = _values(kernel, dealt, n)
    # Equal deals give values that differ by rounding alone.
    at_least = int(np.count_nonzero(values[1:] >= values[0] - 1e-12))
    return Discrepancy(float(values[0]), (1 + at_least) / (1 + permutations), permutations)


def _values(kernel: Floats, dealt: Floats, n: int) -> Floats:
    """The discrepancy of each deal [P, N + M], whose ones are the first sample."""
    m = dealt.shape[1] - n
    inside = np.einsum("pi,pi->p", dealt @ kernel, dealt)
    of_first = dealt @ kernel.sum(axis=1)
    across = of_first - inside
    outside = kernel.sum() - inside - 2 * across
    values: Floats = inside / (n * (n - 1)) + outside / (m * (m - 1)) - 2 * across / (n * m)
    return values


def gaussian_kernel(rows: Floats) -> Floats:
    """The kernel of all pairs, [N, N]; its width is the median distance of different rows."""
    lengths = np.einsum("nd,nd->n", rows, rows)
    squared = np.maximum(lengths[:, None] + lengths[None, :] - 2 * rows @ rows.T, 0)
    apart = squared[np.triu_indices(len(rows), 1)]
    median = float(np.median(apart)) or float(np.mean(apart)) or 1.0
    return np.asarray(np.exp(-squared / (2 * median)), np.float64)
