"""Whether a classifier can tell two sets apart, and which rows give their set away.

Letters: N rows of the first sample, M of the second, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagelake.measures.discriminant import Discriminant, auc
from imagelake.measures.shift.distributions import normal_p, normal_score

Floats = NDArray[np.float64]

FEWEST = 8  # rows of a set: half of them are learnt from, and a deviation is taken of the others


@dataclass(frozen=True)
class TwoSampleClassifier:
    """What a classifier of the sets knows.

    Attributes:
        auc: the share of pairs, one row of each set, that it orders rightly; 0.5 where the sets are alike.
        low: of its interval.
        high: of its interval.
        p: two-sided, of an AUC of 0.5.
        first: float64 [N], the probability that each row of the first sample is of the second set, by a classifier that
            did not learn from it.
        second: float64 [M], the same of the second sample.
    """

    auc: float
    low: float
    high: float
    p: float
    first: Floats
    second: Floats


def tell_apart(first: ArrayLike, second: ArrayLike, level: float, seed: int) -> TwoSampleClassifier:
    """The test of Lopez-Paz and Oquab (2017), Revisiting classifier two-sample tests, ICLR, with a linear discriminant.

    A random half of each sample is learnt from, the other half is judged, and the other way round for the probabilities
    of the first half; test and interval are of the one half alone, since the two judgements are not independent.

    Args:
        first: [N, D], at least 8 rows.
        second: [M, D], at least 8 rows.
        level: of the interval.
        seed: of the halves.
    """
    rows = [np.asarray(sample, np.float32) for sample in (first, second)]
    scale = np.concatenate(rows).std(axis=0)
    scaled = [sample / np.where(scale > 0, scale, 1) for sample in rows]
    draw = np.random.default_rng(seed)
    learnt = [draw.permutation(len(sample)) < len(sample) // 2 for sample in scaled]
    share = len(scaled[1]) / (len(scaled[0]) + len(scaled[1]))
    probabilities = [np.empty(len(sample)) for sample in scaled]
    for side in (True, False):
        halves = [sample[half == side] for sample, half in zip(scaled, learnt, strict=True)]
        classifier = Discriminant.of(halves[0], halves[1], share)
        for sample, half, found in zip(scaled, learnt, probabilities, strict=True):
            found[half != side] = classifier.probabilities(sample[half != side])
    judged = [found[~half] for found, half in zip(probabilities, learnt, strict=True)]
    value, deviation = auc(*judged), auc_deviation(*judged)
    width = normal_score(level) * deviation
    p = float(normal_p((value - 0.5) / deviation)) if deviation else float(value == 0.5)
    return TwoSampleClassifier(value, max(0.0, value - width), min(1.0, value + width), p, *probabilities)


def auc_deviation(first: Floats, second: Floats) -> float:
    """The standard deviation of an AUC.

    DeLong, DeLong and Clarke-Pearson (1988), Comparing the areas under two or more correlated receiver operating
    characteristic curves, Biometrics 44, 837-845.

    Args:
        first: values of the class that should be below, at least two.
        second: values of the class that should be above, at least two.
    """
    shares = [_shares_below(first, second), 1 - _shares_below(second, first)]
    return float(np.sqrt(sum(np.var(share, ddof=1) / len(share) for share in shares)))


def _shares_below(values: Floats, of: Floats) -> Floats:
    """Of each value of the second argument, the share of the first ones below it, ties as half."""
    ordered = np.sort(values)
    below, not_above = (np.searchsorted(ordered, of, side=side) for side in ("left", "right"))
    return (below + not_above) / 2 / len(values)
