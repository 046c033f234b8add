"""Measures of a classifier from counts that can be merged: by label, over all, and of its calibration.

Letters: K labels, B bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagelake.measures.intervals import mean_interval, wilson_interval

BINS = 15
DRAWS = 1_000


@dataclass(frozen=True)
class Estimate:
    """A value with its interval; the bounds are None where there is none, and n is what it rests on."""

    value: float
    low: float | None
    high: float | None
    n: int


def share(hits: int, n: int, level: float) -> Estimate | None:
    """A share with Wilson's interval; None of nothing."""
    if n == 0:
        return None
    low, high = wilson_interval(hits, n, level)
    return Estimate(hits / n, float(low), float(high), n)


@dataclass(frozen=True)
class LabelCounts:
    """What became of the images of one label.

    Attributes:
        images: of the label.
        predicted: images for which it was predicted.
        hits: both.
    """

    images: int
    predicted: int
    hits: int

    def recall(self, level: float) -> Estimate | None:
        """The share of its images for which it was predicted."""
        return share(self.hits, self.images, level)

    def precision(self, level: float) -> Estimate | None:
        """The share of its predictions that are right; None where it is never predicted."""
        return share(self.hits, self.predicted, level)

    def f1(self, level: float) -> Estimate | None:
        """The harmonic mean of precision and recall.

        It grows with the share J of hits among the images that have the label or its prediction: F1 = 2 J / (1 + J).
        The interval is Wilson's of J, by the same formula.
        """
        found = share(self.hits, self.images + self.predicted - self.hits, level)
        if found is None:
            return None
        assert found.low is not None
        assert found.high is not None
        value, low, high = (2 * j / (1 + j) for j in (found.value, found.low, found.high))
        return Estimate(value, low, high, found.n)


def mean_of(estimates: Sequence[Estimate | None]) -> Estimate | None:
    """The mean over labels with its interval, every label alike; labels without an estimate are left out."""
    known = [one for one in estimates if one is not None and one.low is not None and one.high is not None]
    if not known:
        return None
    mean, low, high = mean_interval(
        [one.value for one in known],
        [one.low for one in known if one.low is not None],
        [one.high for one in known if one.high is not None],
    )
    return Estimate(mean, low, high, sum(one.n for one in known))


@dataclass(frozen=True, eq=False)
class Bins:
    """Predictions by the score of the predicted label, in bins of equal width.

    Attributes:
        images: int64 [B].
        hits: int64 [B], of them right.
        scores: float64 [B], the sum of their scores.
    """

    images: NDArray[np.int64]
    hits: NDArray[np.int64]
    scores: NDArray[np.float64]


def calibration_error(bins: Bins, level: float, seed: int) -> Estimate | None:
    """The expected calibration error: the mean distance of a bin's accuracy from its mean score, images alike.

    Naeini et al. (2015), Obtaining well calibrated probabilities using Bayesian binning. The interval is that of the
    basic bootstrap, which takes the bias of the resampled values off: resampling adds noise, and noise only enlarges an
    error that cannot be negative.

    Args:
        bins: of the predictions.
        level: of the interval.
        seed: of the resampling.
    """
    n = int(bins.images.sum())
    if n == 0:
        return None
    value = float(_errors(bins.images[None], bins.hits[None], bins.scores[None] / np.maximum(bins.images, 1), n)[0])
    random = np.random.default_rng(seed)
    images = random.multinomial(n, bins.images / n, DRAWS)
    hits = random.binomial(images, bins.hits / np.maximum(bins.images, 1))
    drawn = _errors(images, hits, bins.scores[None] / np.maximum(bins.images, 1), n)
    upper, lower = np.quantile(drawn, [(1 + level) / 2, (1 - level) / 2])
    return Estimate(value, max(0.0, 2 * value - float(upper)), max(value, 2 * value - float(lower)), n)


def _errors(
    images: NDArray[np.int64], hits: NDArray[np.int64], mean_scores: NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    errors: NDArray[np.float64] = np.abs(hits - mean_scores * images).sum(axis=1) / n
    return errors
