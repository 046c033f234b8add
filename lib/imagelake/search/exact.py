"""Exact nearest neighbours by cosine, of rows that pass by in batches: memory holds the queries and their best so far.

Letters: Q queries, N rows of a batch, D features, k answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagelake.search.order import nearest_first
from imagelake.search.scan import exact_cosines

ROUNDING = np.float32(1e-5)  # what a cosine of a matrix product in single precision may be off by


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
    """Keeps the k nearest of all rows added. Equal similarities are ordered by identifier, so batches do not matter."""

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
        self, ids: NDArray[np.str_], features: NDArray[np.float16], routed: NDArray[np.bool_] | None = None
    ) -> None:
        """Compare N more rows.

        Args:
            ids: [N].
            features: float16 [N, D], rows of unit length.
            routed: bool [Q, N], which rows a query is compared with; None for all.

        Raises:
            ValueError: the rows have another number of features than the queries.
        """
        if features.shape[1:] != self._queries.shape[1:]:
            raise ValueError(f"expected rows of {self._queries.shape[1]} features, found {features.shape[1]}")
        for query, rough in enumerate(self._queries @ features.astype(np.float32).T):
            compared = np.arange(len(ids)) if routed is None else np.flatnonzero(routed[query])
            near = compared[rough[compared] >= self._least(query, rough[compared]) - ROUNDING]
            self._keep(query, ids[near], exact_cosines(self._queries[query], features[near]))

    def _least(self, query: int, rough: NDArray[np.float32]) -> float:
        """What a row must reach to be among the k best: the k-th best of those kept, and of this batch."""
        kept = self._similarities[query]
        least = float(kept[-1]) if len(kept) == self._k else -np.inf
        if len(rough) > self._k:
            least = max(least, float(np.partition(rough, -self._k)[-self._k]))
        return least

    def _keep(self, query: int, ids: NDArray[np.str_], similarities: NDArray[np.float32]) -> None:
        all_ids = np.concatenate([self._ids[query], ids])
        all_similarities = np.concatenate([self._similarities[query], similarities])
        best = nearest_first(all_ids, all_similarities)[: self._k]
        self._ids[query], self._similarities[query] = all_ids[best], all_similarities[best]

    def best(self) -> Neighbours:
        """The answers so far."""
        return Neighbours([list(ids) for ids in self._ids], [values.tolist() for values in self._similarities])
