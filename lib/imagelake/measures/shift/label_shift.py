"""The mix of classes of a set without labels, from what a model says of it.

Both ways assume that images of a class look the same in both sets, so that only the shares of the classes differ.

Letters: N images, K classes.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagelake.errors import ImageLakeError

Floats = NDArray[np.float64]

_ROUNDS, _STILL = 2000, 1e-9
_CELLS_AT_ONCE = 4_000_000  # of resampled confusions: 32 MB
_STEPS, _MEMORY = 200, 10
RESAMPLES = 100


@dataclass(frozen=True)
class ClassMix:
    """Estimated shares of K classes with their intervals, each float64 [K]."""

    shares: Floats
    low: Floats
    high: Floats


def shares_by_em(likelihoods: ArrayLike, start: ArrayLike, weights: ArrayLike | None = None) -> Floats:
    """The shares of classes under which rows are most likely, float64 [..., K].

    Saerens, Latinne and Decaestecker (2002), Adjusting the outputs of a classifier to new a priori probabilities,
    Neural Computation 14, 21-41. The likelihood has one maximum: Alexandari et al. (2020), Maximum likelihood with
    bias-corrected calibration is hard-to-beat at label shift adaptation, ICML.

    Args:
        likelihoods: [..., N, K], of each row in each class, up to a factor a row: posteriors over their priors.
        start: [..., K], shares to begin with, above 0 where a class may occur.
        weights: [..., N], how often each row counts; once where not given.
    """
    rows = np.asarray(likelihoods, np.float64)
    counts = np.ones(rows.shape[:-1]) if weights is None else np.asarray(weights, np.float64)
    shares = np.asarray(start, np.float64) / np.sum(start, axis=-1, keepdims=True)
    for _ in range(_ROUNDS):
        mixed = (rows @ shares[..., None])[..., 0]
        # A row that no class of a share above 0 can give says nothing about the shares.
        pull = np.divide(counts, mixed, out=np.zeros_like(mixed), where=mixed > 0)
        renewed = shares * (pull[..., None, :] @ rows)[..., 0, :]
        total = renewed.sum(axis=-1, keepdims=True)
        # Where no row says anything, the shares stay.
        renewed = np.divide(renewed, total, out=shares.copy(), where=total > 0)
        moved = np.max(np.abs(renewed - shares))
        shares = renewed
        if moved < _STILL:
            break
    return np.asarray(shares, np.float64)


def mix_from_predictions(confusion: ArrayLike, predicted: ArrayLike, level: float, seed: int) -> ClassMix:
    """The mix of classes from the numbers of predictions alone, which merge.

    The likelihood of a predicted class in a true one is that of the set with labels: Lipton, Wang and Smola (2018),
    Detecting and correcting for label shift with black box predictors, ICML, by EM, so that no share is negative. The
    intervals are those of resampled counts of both sets.

    Args:
        confusion: [K, P], images with labels by true and predicted class; every true class at least once.
        predicted: [P], images without labels by predicted class, at least one.
        level: of the intervals.
        seed: of the resampling.

    Raises:
        ImageLakeError: a class has no image with a label.
    """
    known, found = np.asarray(confusion, np.float64), np.asarray(predicted, np.float64)
    if len(bare := np.flatnonzero(known.sum(axis=1) == 0)):
        raise ImageLakeError(f"class {bare[0]} has no image with a label: nothing tells what the model says of it")
    draw = np.random.default_rng(seed)
    sizes, chances = known.sum(axis=1).astype(np.int64), known / known.sum(axis=1, keepdims=True)
    at_once = max(1, _CELLS_AT_ONCE // known.size)
    resampled = []
    for begin in range(0, RESAMPLES, at_once):
        count = min(at_once, RESAMPLES - begin)
        confusions = draw.multinomial(sizes, chances, (count, len(known))).astype(np.float64)
        others = draw.multinomial(int(found.sum()), found / found.sum(), count).astype(np.float64)
        resampled.append(_mixes(confusions, others))
    return _with_interval(_mixes(known, found), np.concatenate(resampled), level)


def _mixes(known: Floats, found: Floats) -> Floats:
    """The mixes [..., K] of confusions [..., K, P] and predictions [..., P]."""
    sizes = known.sum(axis=-1)
    return shares_by_em(np.swapaxes(known / sizes[..., None], -1, -2), sizes, found)


def _with_interval(shares: Floats, resampled: Floats, level: float) -> ClassMix:
    low, high = np.quantile(resampled, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return ClassMix(shares, np.minimum(low, shares), np.maximum(high, shares))


@dataclass(frozen=True)
class Calibration:
    """Bias-corrected temperature scaling: probabilities are softmax(log p * slope + bias).

    Attributes:
        slope: one over the temperature.
        bias: float64 [K].
    """

    slope: float
    bias: Floats

    def of(self, probabilities: ArrayLike) -> Floats:
        """Calibrated probabilities [N, K]."""
        return _softmax(_logs(probabilities) * self.slope + self.bias)


def calibrate(probabilities: ArrayLike, labels: ArrayLike) -> Calibration:
    """The calibration under which the labels are most likely: BCTS of Alexandari et al. (2020).

    The problem is convex; L-BFGS solves it: Nocedal (1980), Updating quasi-Newton matrices with limited storage.

    Args:
        probabilities: [N, K], of the model.
        labels: [N], class indices.
    """
    logs, truth = _logs(probabilities), np.asarray(labels, np.int64)
    n, classes = logs.shape
    rows = np.arange(n)
    counts = np.bincount(truth, minlength=classes)

    def loss(point: Floats) -> tuple[float, Floats]:
        scaled = _softmax(logs * point[0] + point[1:])
        given = np.maximum(scaled[rows, truth], 1e-300)
        by_slope = float(np.sum(scaled * logs) - np.sum(logs[rows, truth])) / n
        by_bias = (scaled.sum(axis=0) - counts) / n
        # A class without a label would go to minus infinity; this holds it, and moves nothing else by a digit.
        held = 1e-6 * point[1:]
        value = -float(np.mean(np.log(given))) + float(held @ point[1:]) / 2
        return value, np.concatenate([[by_slope], by_bias + held])

    point = _lowest(loss, np.concatenate([[1.0], np.zeros(classes)]))
    return Calibration(float(point[0]), point[1:])


def _lowest(loss: Callable[[Floats], tuple[float, Floats]], start: Floats) -> Floats:
    """The lowest point of a convex loss, given with its gradient: steps of L-BFGS, halved until they go down."""
    point, (value, slope) = start, loss(start)
    pairs: deque[tuple[Floats, Floats]] = deque(maxlen=_MEMORY)
    for _ in range(_STEPS):
        step = -_by_inverse(slope, pairs)
        length = 1.0
        while (found := loss(point + length * step))[0] > value + 1e-4 * length * float(slope @ step):
            length /= 2
            if length < 1e-10:
                return point
        pairs.append((length * step, found[1] - slope))
        point, (value, slope) = point + length * step, found
        if np.max(np.abs(slope)) < 1e-7:
            break
    return point


def _by_inverse(slope: Floats, pairs: Collection[tuple[Floats, Floats]]) -> Floats:
    """The gradient times the inverse of the curvature, as the last moves and changes of the gradient tell it."""
    direction, kept = slope.copy(), []
    for move, change in reversed(list(pairs)):
        along = float(move @ direction) / float(move @ change)
        direction -= along * change
        kept.append(along)
    if pairs:
        move, change = list(pairs)[-1]
        direction *= float(move @ change) / float(change @ change)
    for (move, change), along in zip(pairs, reversed(kept), strict=True):
        direction += (along - float(change @ direction) / float(move @ change)) * move
    return direction


def mix_from_probabilities(
    known: ArrayLike, labels: ArrayLike, probabilities: ArrayLike, level: float, seed: int
) -> ClassMix:
    """The mix of classes from the probabilities of a model, which are calibrated on the set with labels first.

    Args:
        known: [N, K], probabilities where labels are known, every class at least once.
        labels: [N], class indices.
        probabilities: [M, K], where the mix is wanted.
        level: of the intervals.
        seed: of the resampling.
    """
    first, truth, second = np.asarray(known), np.asarray(labels, np.int64), np.asarray(probabilities)
    draw = np.random.default_rng(seed)
    shares = _soft_mix(first, truth, second)
    resampled = []
    for _ in range(RESAMPLES):
        rows, others = draw.integers(len(first), size=len(first)), draw.integers(len(second), size=len(second))
        resampled.append(_soft_mix(first[rows], truth[rows], second[others]))
    return _with_interval(shares, np.array(resampled), level)


def _soft_mix(known: NDArray[np.floating], labels: NDArray[np.int64], unknown: NDArray[np.floating]) -> Floats:
    calibration = calibrate(known, labels)
    before = calibration.of(known).mean(axis=0)
    return shares_by_em(calibration.of(unknown) / before, before)


def _logs(probabilities: ArrayLike) -> Floats:
    return np.log(np.maximum(np.asarray(probabilities, np.float64), 1e-30))


def _softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float64)
