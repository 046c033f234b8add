"""Exact nearest neighbours by cosine, of rows that pass by in batches: memory holds the queries and their best so far.

Letters: Q queries, N rows of a batch, D features, k answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Neighbours:
    """The best rows of each query, best first.

    Attributes:
        ids: Q lists of up to k identifiers.
        similarities: Q lists of their cosines, -1 to 1.
    """

    ids: list[list[str]]
    similarities: list[list[float]]


class NearestRows:
    """Keeps the k nearest of all rows seen. Equal similarities are ordered by identifier, so batches do not matter."""

    def __init__(self, queries: NDArray[np.float32], k: int) -> None:
        """Start with no rows.

        Args:
            queries: float32 [Q, D], rows of unit length.
            k: answers kept for each query.
        """
        self._queries, self._k = queries, k
        self._ids: list[NDArray[np.str_]] = [np.empty(0, dtype=str)] * len(queries)
        self._similarities: list[NDArray[np.float32]] = [np.empty(0, np.float32)] * len(queries)

    def add(
        self, ids: NDArray[np.str_], features: NDArray[np.float32], routed: NDArray[np.bool_] | None = None
    ) -> None:
        """Look at N more rows.

        Args:
            ids: [N].
            features: float32 [N, D], rows of unit length.
            routed: bool [Q, N], which rows a query looks at; None for all.

        Raises:
            ValueError: the rows have another number of features than the queries.
        """
        if features.shape[1:] != self._queries.shape[1:]:
            raise ValueError(f"expected rows of {self._queries.shape[1]} features, found {features.shape[1]}")
        for query, similarities in enumerate(self._queries @ features.T):
            seen, names = similarities, ids
            if routed is not None:
                seen, names = similarities[routed[query]], ids[routed[query]]
            # Whatever is below the k-th best of this batch cannot be among the k best of all.
            candidates = _not_below_kth(seen, self._k)
            self._keep(query, names[candidates], seen[candidates])

    def _keep(self, query: int, ids: NDArray[np.str_], similarities: NDArray[np.float32]) -> None:
        all_ids = np.concatenate([self._ids[query], ids])
        all_similarities = np.concatenate([self._similarities[query], similarities])
        best = np.lexsort((all_ids, -all_similarities))[: self._k]
        self._ids[query], self._similarities[query] = all_ids[best], all_similarities[best]

    def best(self) -> Neighbours:
        """The answers so far."""
        return Neighbours([list(ids) for ids in self._ids], [values.tolist() for values in self._similarities])


def _not_below_kth(values: NDArray[np.float32], k: int) -> NDArray[np.bool_]:
    if len(values) <= k:
        return np.ones(len(values), dtype=bool)
    kth: np.float32 = np.partition(values, -k)[-k]
    return values >= kth
