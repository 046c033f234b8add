"""Nearest rows by comparing every one of them.

Letters: Q queries, N rows, D features, k answers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

ROWS_AT_ONCE = 8_192  # of 1,024 features as float32: 32 MB


def best_of(values: NDArray[np.float32], k: int) -> NDArray[np.int64]:
    """Places of the k largest values [N], largest first, equal ones in their order."""
    if len(values) > k:
        kth = np.partition(values, -k)[-k]
        candidates = np.flatnonzero(values >= kth)
    else:
        candidates = np.arange(len(values))
    return candidates[np.argsort(-values[candidates], kind="stable")[:k]]


def nearest_of_rows(
    queries: NDArray[np.float32], vectors: NDArray[np.float16], rows: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k of the given rows with the highest cosine to each query.

    Args:
        queries: float32 [Q, D], rows of unit length.
        vectors: float16, every row that there is, of unit length and D features; read a few thousand at a time.
        rows: int64 [N], ascending: which of them are compared.
        k: answers for each query.

    Returns:
        Row numbers int64 [Q, k], -1 where there are fewer, and cosines float32 [Q, k], minus infinity there.
    """
    best_rows = np.full((len(queries), k), -1, np.int64)
    best_cosines = np.full((len(queries), k), -np.inf, np.float32)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        cosines = queries @ vectors[part].astype(np.float32).T
        for query, values in enumerate(cosines):
            near = best_of(values, k)
            all_rows = np.concatenate([best_rows[query], part[near]])
            all_cosines = np.concatenate([best_cosines[query], values[near]])
            best = best_of(all_cosines, k)
            best_rows[query], best_cosines[query] = all_rows[best], all_cosines[best]
    return best_rows, best_cosines
