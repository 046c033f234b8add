"""In which order answers come: by similarity, by resolution, or by both at once."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Order = Literal["similarity", "ppi", "both"]


def in_order(similarities: NDArray[np.float32], ppi: NDArray[np.float64], order: Order) -> NDArray[np.int64]:
    """Places of K answers, best first, equal ones as they came.

    Args:
        similarities: float32 [K], cosines.
        ppi: float64 [K], NaN where it is unknown, which is worst.
        order: similarity; ppi; or both: the mean of an answer's ranks by the one and by the other.
    """
    if order == "similarity":
        return np.argsort(-similarities, kind="stable")
    by_ppi = np.argsort(np.where(np.isnan(ppi), np.inf, -ppi), kind="stable")
    if order == "ppi":
        return by_ppi
    ranks = _ranks(np.argsort(-similarities, kind="stable")) + _ranks(by_ppi)
    return np.argsort(ranks, kind="stable")


def _ranks(order: NDArray[np.int64]) -> NDArray[np.int64]:
    ranks = np.empty_like(order)
    ranks[order] = np.arange(len(order))
    return ranks
