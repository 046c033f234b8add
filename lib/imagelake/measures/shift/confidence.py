"""Accuracy on a set without labels, from the model's scores there and from a set with labels.

The estimates need only counts of images by score, which merge. They hold where the score means the same in both sets: a
shift that makes the model wrong and sure of it deceives all of them.

Images whose predicted class is the label of no image of the set with labels are counted apart: their scores mean
something else: a network for a thousand classes is wrong about a photo of ten animals whenever it predicts one of the
others, however sure it is. So the classes of the set without labels are taken to be those of the set with labels, as by
Lu et al. (2023), Characterizing out-of-distribution error via optimal transport, NeurIPS.

Letters: G groups by predicted class, B bins of scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagelake.measures.shift.distributions import normal_score

Floats = NDArray[np.float64]

STEPS = 16  # bins for each unit of the log-odds of a score
FARTHEST = 16  # log-odds beyond which all scores share a bin: 1e-7 from 0 or 1, the precision of 32-bit floats
BINS = 2 * STEPS * FARTHEST + 1
RESAMPLES = 100
STRANGE, KNOWN = 0, 1  # groups: the predicted class is a label of no other image of the set with labels, or of one
GROUPS = 2


def bins_of(scores: ArrayLike) -> NDArray[np.int64]:
    """The bin of each score from 0 to 1, by its log-odds: scores of networks crowd at 1, where plain bins are wide."""
    shares = np.clip(np.asarray(scores, np.float64), 1e-12, 1 - 1e-12)
    odds = np.clip(np.log(shares / (1 - shares)), -FARTHEST, FARTHEST)
    return np.asarray(np.rint((odds + FARTHEST) * STEPS), np.int64)


def known_classes(
    predicted: Iterable[str], labels: Mapping[Any, int], own: Iterable[str] | None = None
) -> NDArray[np.bool_]:
    """Whether another image of the set with labels has the predicted class as its label, bool [N].

    Args:
        predicted: class of each of N images.
        labels: label -> images, of the set with labels.
        own: label of each image, where these are of that very set: none may vouch for itself, or those that are right
            about the only image of a class would make such predictions look better than they are.
    """
    names = list(predicted)
    others = np.array([labels.get(name, 0) for name in names], np.int64)
    if own is not None:
        others -= [one == name for one, name in zip(names, own, strict=True)]
    return np.asarray(others > 0)


@dataclass(frozen=True)
class ScoreCounts:
    """Images by group of their predicted class and bin of their score.

    Attributes:
        images: float64 [G, B], how many.
        right: float64 [G, B], of them right; zeros where there are no labels.
        total: the sum of all scores.
    """

    images: Floats
    right: Floats
    total: float

    @classmethod
    def of(cls, scores: ArrayLike, right: ArrayLike | None = None, known: ArrayLike | None = None) -> ScoreCounts:
        """The counts of N scores, of whether the model is right, and whether it predicted a known class; None: all."""
        bins = bins_of(scores)
        groups = KNOWN if known is None else np.where(np.asarray(known), KNOWN, STRANGE)
        cells, hits = groups * BINS + bins, None if right is None else np.asarray(right, np.float64)
        counts = [
            np.bincount(cells, weights, GROUPS * BINS).astype(np.float64).reshape(GROUPS, BINS)
            for weights in (None, hits)
        ]
        return cls(
            counts[0],
            np.zeros_like(counts[0]) if hits is None else counts[1],
            float(np.sum(np.asarray(scores, np.float64))),
        )

    @property
    def ungrouped(self) -> ScoreCounts:
        """The same counts as if every predicted class were known."""
        counts = np.zeros((2, GROUPS, BINS))
        counts[:, KNOWN] = self.images.sum(axis=0), self.right.sum(axis=0)
        return ScoreCounts(counts[0], counts[1], self.total)

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
    other way round, whose share in each group is known from the first set.
    """
    above = _of_each_group(known, scores, _shares_above)
    estimate = float(np.sum(above * scores.images)) / scores.n
    wrong = known.images - known.right
    disagreement = _never_none(np.sum(above * wrong + (1 - above) * known.right, axis=1), known)
    width = normal_score(level) * np.sqrt(np.sum(disagreement * _spread(known, scores)))
    return Estimate(estimate, max(0.0, estimate - width), min(1.0, estimate + width))


def _never_none(counts: Floats, known: ScoreCounts) -> Floats:
    """The share of each group's images that are counted, with half an image on either side: 0 of 30 is not never.

    Jeffreys' prior, which moves the share of a thousand images by a twentieth of a point.
    """
    return np.asarray((counts + 0.5) / (known.images.sum(axis=1) + 1))


def _spread(known: ScoreCounts, scores: ScoreCounts) -> Floats:
    """What a group's share is to be multiplied with, for its part of the variance of both samples; float64 [G]."""
    parts = scores.images.sum(axis=1) / scores.n
    return np.asarray(parts / scores.n + parts**2 / (known.images.sum(axis=1) + 1))


def _of_each_group(known: ScoreCounts, scores: ScoreCounts, learn: Callable[[Floats, Floats], Floats]) -> Floats:
    """What is learnt of images and right ones by bin, for each group; float64 [G, B].

    A group without images in the set with labels, but with some in the other one, is taken for all images together.
    """
    whole = known.images.sum(axis=0), known.right.sum(axis=0)
    return np.stack(
        [
            learn(images, right) if images.any() else learn(*whole) if others.any() else np.zeros(BINS)
            for images, right, others in zip(known.images, known.right, scores.images, strict=True)
        ]
    )


def _shares_above(images: Floats, right: Floats) -> Floats:
    """Of each bin the share of its images above the threshold that as many exceed as are right; float64 [B]."""
    wanted = right.sum()
    more = np.concatenate([np.cumsum(images[::-1])[::-1][1:], [0.0]])  # images in higher bins
    with np.errstate(divide="ignore", invalid="ignore"):
        shares = np.clip((wanted - more) / images, 0, 1)
    return np.asarray(np.where(images > 0, shares, more < wanted), np.float64)


def calibrated(images: Floats, right: Floats) -> Floats:
    """The accuracy at each bin, float64 [B]: never lower at a higher score, between known bins by a straight line.

    Isotonic regression: Zadrozny and Elkan (2002), Transforming classifier scores into accurate multiclass probability
    estimates, KDD, by pooling adjacent violators.
    """
    found = np.flatnonzero(images)
    return np.interp(np.arange(BINS), found, _rising(right[found] / images[found], images[found]))


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
    accuracies = _of_each_group(known, scores, calibrated)
    estimate = float(np.sum(accuracies * scores.images)) / scores.n
    n, parts = known.images.sum(axis=1, keepdims=True), scores.images.sum(axis=1) / scores.n
    likely = (accuracies * n + 0.5) / (n + 1)  # never 0 or 1, as by `_never_none`
    chance = float(np.sum(likely * (1 - likely) * scores.images)) / scores.n**2
    chance += float(np.sum((parts / (n[:, 0] + 1)) ** 2)) / 2  # of a group without a wrong or a right image
    draw = np.random.default_rng(seed)
    found = np.nonzero(known.images)
    cells = np.concatenate([known.right[found], (known.images - known.right)[found]])
    estimates = []
    for drawn in draw.multinomial(round(known.n), cells / cells.sum(), RESAMPLES).astype(np.float64):
        right, wrong = np.zeros((GROUPS, BINS)), np.zeros((GROUPS, BINS))
        right[found], wrong[found] = np.split(drawn, 2)
        again = _of_each_group(ScoreCounts(right + wrong, right, 0.0), scores, calibrated)
        estimates.append(np.sum(again * scores.images) / scores.n)
    width = normal_score(level) * np.sqrt(chance + np.var(estimates))
    return Estimate(estimate, max(0.0, estimate - width), min(1.0, estimate + width))


def plain_accuracies(known: ScoreCounts, scores: ScoreCounts) -> tuple[float, float]:
    """What both estimates would be without a look at predicted classes: by a threshold, and calibrated."""
    one, other = known.ungrouped, scores.ungrouped
    by_threshold, by_mean = (
        float(np.sum(_of_each_group(one, other, learn) * other.images)) / other.n
        for learn in (_shares_above, calibrated)
    )
    return by_threshold, by_mean


def combined_estimate(threshold: Estimate, calibrated: Estimate, level: float, plain: Sequence[float] = ()) -> Estimate:
    """The mean of both estimates, which err to different sides where images are damaged.

    How far all estimates are apart tells how much the meaning of scores has changed. The truth may then lie anywhere
    between them, which has the variance of a uniform distribution, a twelfth of the squared distance; it is added to
    that of chance.

    Args:
        threshold: of two sets.
        calibrated: of the same.
        level: of all intervals.
        plain: `plain_accuracies` of the same.
    """
    accuracy = (threshold.accuracy + calibrated.accuracy) / 2
    chance = sum((one.high - one.low) / 2 for one in (threshold, calibrated)) / 2
    apart = normal_score(level) * np.ptp([threshold.accuracy, calibrated.accuracy, *plain]) / np.sqrt(12)
    width = float(np.hypot(chance, apart))
    return Estimate(accuracy, max(0.0, accuracy - width), min(1.0, accuracy + width))
