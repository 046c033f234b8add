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
    1168-1194. The interval is by the delta method: it holds the chance of the accuracies and of both mixes. What chance
    makes of equal accuracies is taken out of their variance, as by Cochran (1954), The combination of estimates from
    different experiments, Biometrics 10, 101-129. Where neither the mix nor the accuracy differs, the drop is the
    product of two chance differences, and the interval holds 0 more often than it says.

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
    chance = accuracy * (1 - accuracy) / np.maximum(known - 1, 1)  # of each accuracy: its variance
    variance = float((share - other) ** 2 @ chance)
    for mix, size in ((share, n), (other, m)):
        between = float(mix @ accuracy**2 - (mix @ accuracy) ** 2 - mix * (1 - mix) @ chance)
        variance += max(0.0, between) / size
    width = normal_score(level) * float(np.sqrt(variance))
    return Explained(drop, drop - width, drop + width, left_out)
