"""Accuracy on a set without labels, from the model's scores there and from a set with labels.

The estimates need only counts of images by score, which merge. They hold where the score means the same in both sets: a
shift that makes the model wrong and sure of it deceives all of them.

Letters: B bins of scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagelake.measures.shift.distributions import normal_score

Floats = NDArray[np.float64]

STEPS = 16  # bins for each unit of the log-odds of a score
FARTHEST = 16  # log-odds beyond which all scores share a bin: 1e-7 from 0 or 1, the precision of 32-bit floats
BINS = 2 * STEPS * FARTHEST + 1
RESAMPLES = 100


def bins_of(scores: ArrayLike) -> NDArray[np.int64]:
    """The bin of each score from 0 to 1, by its log-odds: scores of networks crowd at 1, where plain bins are wide."""
    shares = np.clip(np.asarray(scores, np.float64), 1e-12, 1 - 1e-12)
    odds = np.clip(np.log(shares / (1 - shares)), -FARTHEST, FARTHEST)
    return np.asarray(np.rint((odds + FARTHEST) * STEPS), np.int64)


@dataclass(frozen=True)
class ScoreCounts:
    """Images by bin of their score.

    Attributes:
        images: float64 [B], how many.
        right: float64 [B], of them right; zeros where there are no labels.
        total: the sum of all scores.
    """

    images: Floats
    right: Floats
    total: float

    @classmethod
    def of(cls, scores: ArrayLike, right: ArrayLike | None = None) -> ScoreCounts:
        """The counts of N scores, and of whether the model is right."""
        bins = bins_of(scores)
        hits = None if right is None else np.asarray(right, np.float64)
        return cls(
            np.bincount(bins, minlength=BINS).astype(np.float64),
            np.zeros(BINS) if hits is None else np.bincount(bins, hits, BINS).astype(np.float64),
            float(np.sum(np.asarray(scores, np.float64))),
        )

    @property
    def n(self) -> float:
        """Images."""
        return float(self.images.sum())

    @property
    def accuracy(self) -> float:
        """The share that is right."""
        return float(self.right.sum()) / self.n

    @property
    def confidence(self) -> float:
        """The mean score."""
        return self.total / self.n


@dataclass(frozen=True)
class Estimate:
    """An estimated accuracy and the interval in which the measured one will lie once there are labels."""

    accuracy: float
    low: float
    high: float


def threshold_estimate(known: ScoreCounts, scores: ScoreCounts, level: float) -> Estimate:
    """The share of scores above the threshold that as many scores of the known set exceed as are right there.

    Garg et al. (2022), Leveraging unlabeled data to predict out-of-distribution performance, ICLR: average thresholded
    confidence, ATC. The interval is that of two samples of the disagreement: of being right without being above, or the
    other way round, whose share is known from the first set.
    """
    above = _shares_above(known, float(known.right.sum()))
    estimate = float(above @ scores.images) / scores.n
    wrong = known.images - known.right
    disagreement = float(above @ wrong + (1 - above) @ known.right) / known.n
    width = normal_score(level) * np.sqrt(disagreement * (1 / known.n + 1 / scores.n))
    return Estimate(estimate, max(0.0, estimate - width), min(1.0, estimate + width))


def _shares_above(known: ScoreCounts, wanted: float) -> Floats:
    """Of each bin the share of its images above the threshold that so many images exceed; float64 [B]."""
    more = np.concatenate([np.cumsum(known.images[::-1])[::-1][1:], [0.0]])  # images in higher bins
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.clip((wanted - more) / known.images, 0, 1)
    return np.where(known.images > 0, shares, (more < wanted).astype(np.float64))


def calibrated(known: ScoreCounts) -> Floats:
    """The accuracy at each bin, float64 [B]: never lower at a higher score, between known bins by a straight line.

    Isotonic regression: Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass probability
    estimates, KDD, by pooling adjacent violators.
    """
    found = np.flatnonzero(known.images)
    return np.interp(np.arange(BINS), found, _rising(known.right[found] / known.images[found], known.images[found]))


def _rising(shares: Floats, weights: Floats) -> Floats:
    """The rising sequence nearest to shares, by weighted squares."""
    blocks: list[tuple[float, float, int]] = []
    for share, weight in zip(shares.tolist(), weights.tolist(), strict=True):
        block = (share, weight, 1)
        while blocks and blocks[-1][0] >= block[0]:
            last = blocks.pop()
            total = last[1] + block[1]
            block = ((last[0] * last[1] + block[0] * block[1]) / total, total, last[2] + block[2])
        blocks.append(block)
    return np.repeat([block[0] for block in blocks], [block[2] for block in blocks])


def calibrated_estimate(known: ScoreCounts, scores: ScoreCounts, level: float, seed: int) -> Estimate:
    """The mean calibrated score: confidence-based performance estimation, CBPE, as NannyML calls it.

    The interval adds the chance of labels given the scores to the uncertainty of the calibration, which is that of
    estimates from resampled known sets.
    """
    accuracies = calibrated(known)
    estimate = float(accuracies @ scores.images) / scores.n
    chance = float((accuracies * (1 - accuracies)) @ scores.images) / scores.n**2
    draw = np.random.default_rng(seed)
    found = np.flatnonzero(known.images)
    cells = np.concatenate([known.right[found], (known.images - known.right)[found]])
    estimates = []
    for drawn in draw.multinomial(round(known.n), cells / cells.sum(), RESAMPLES).astype(np.float64):
        right, wrong = np.zeros(BINS), np.zeros(BINS)
        right[found], wrong[found] = np.split(drawn, 2)
        estimates.append(calibrated(ScoreCounts(right + wrong, right, 0.0)) @ scores.images / scores.n)
    width = normal_score(level) * np.sqrt(chance + np.var(estimates))
    return Estimate(estimate, max(0.0, estimate - width), min(1.0, estimate + width))


def combined_estimate(threshold: Estimate, calibrated: Estimate, level: float) -> Estimate:
    """The mean of both estimates, which err to different sides where images are damaged.

    How far they are apart tells how much the meaning of scores has changed. The truth may then lie anywhere between
    them, which has the variance of a uniform distribution, a twelfth of the squared distance; it is added to that of
    chance.

    Args:
        threshold: of two sets.
        calibrated: of the same.
        level: of all intervals.
    """
    accuracy = (threshold.accuracy + calibrated.accuracy) / 2
    chance = sum((one.high - one.low) / 2 for one in (threshold, calibrated)) / 2
    apart = normal_score(level) * (threshold.accuracy - calibrated.accuracy) / np.sqrt(12)
    width = float(np.hypot(chance, apart))
    return Estimate(accuracy, max(0.0, accuracy - width), min(1.0, accuracy + width))
