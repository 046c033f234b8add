"""In which order answers come: by similarity, by resolution, or by both at once.

Letters: R candidates.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Order = Literal["similarity", "ppi", "both"]
CANDIDATES = 240


def candidate_count(wanted: int) -> int:
    """R, how many of the nearest images are ordered, where so many answers are wanted.

    The order by PPI is that of the nearest images, not of the lake: else it would show the largest images whatever the
    query is. There are always at least 240, so that the first page is the same for any length of a page.
    """
    return max(CANDIDATES, wanted)


def nearest_first(image_ids: NDArray[np.str_], similarities: NDArray[np.floating]) -> NDArray[np.int64]:
    """The row numbers of R images by similarity, the highest first, equal ones by image_id.

    Copies of one image are equally similar to any query.
    """
    return np.lexsort((image_ids, -similarities))


def in_order(similarities: NDArray[np.floating], ppi: NDArray[np.float64], order: Order) -> NDArray[np.int64]:
    """Row numbers of R candidates, best first, equal ones as they came.

    Args:
        similarities: [R], cosines.
        ppi: float64 [R], NaN where it is unknown, which is worst.
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
