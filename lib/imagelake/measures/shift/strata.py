"""How much of a drop of accuracy another mix of strata explains: of classes, sizes, scores or anything else.

Letters: S strata.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagelake.measures.shift.distributions import normal_score

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Explained:
    """The part of a drop that the mix explains: the accuracy before, less what it is with the mix after.

    Attributes:
        drop: in accuracy, with its interval; NaN where undefined.
        low: of the interval.
        high: of the interval.
        left_out: share of the images after whose stratum no image before has: of these nothing is known.
        undefined: why there is no number.
    """

    drop: float
    low: float
    high: float
    left_out: float
    undefined: str | None = None


def explained_by_mix(right: ArrayLike, before: ArrayLike, after: ArrayLike, level: float) -> Explained:
    """The drop by the mix alone, with every stratum as accurate as before: direct standardisation.

    The first part of the decomposition of Kitagawa (1955), Components of a difference between two rates, JASA 50,
    1168-1194. The interval is by the delta method: it holds the chance of the accuracies and of both mixes.

    Args:
        right: [S], images before that the model is right about.
        before: [S], images before.
        after: [S], images after.
        level: of the interval.
    """
    hits, known, wanted = (np.asarray(values, np.float64) for values in (right, before, after))
    shared = known > 0
    n, m = float(known.sum()), float(wanted[shared].sum())
    left_out = 1 - m / float(wanted.sum()) if wanted.sum() else 0.0
    if n == 0 or m == 0:
        nan = float("nan")
        return Explained(nan, nan, nan, left_out, "the sets have no stratum in common")
    hits, known, wanted = hits[shared], known[shared], wanted[shared]
    accuracy, share, other = hits / known, known / n, wanted / m
    drop = float((share - other) @ accuracy)
    variance = float((share - other) ** 2 @ (accuracy * (1 - accuracy) / known))
    variance += sum(float(mix @ accuracy**2 - (mix @ accuracy) ** 2) / size for mix, size in ((share, n), (other, m)))
    width = normal_score(level) * float(np.sqrt(max(0.0, variance)))
    return Explained(drop, drop - width, drop + width, left_out)
