"""The bias of a replicated test set whose images were chosen by noisy votes.

A set is replicated by matching how often people select an image for its class. Votes are few, so an image's share of
votes is its true frequency with noise, and images chosen for a high share have lower true frequencies than their
votes say: part of the drop is of the choice, not of the model. Engstrom et al. (2020), Identifying statistical bias in
dataset replication, ICML.

Letters: N images of the first set, M of the second.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagelake.measures.shift.distributions import normal_score

Floats = NDArray[np.float64]

_GRID = (np.arange(100) + 0.5) / 100  # true frequencies of which a distribution is estimated
_ROUNDS = 100
_RESAMPLES = 100
_RARE = 1e-4


@dataclass(frozen=True)
class Votes:
    """Groups of images with equal votes and outcome.

    Attributes:
        rows: float64 [N, 3]: people who said that the image shows its class, people who voted, and 1 where the model is
            right, else 0.
        images: float64 [N], how many images are like this.
    """

    rows: Floats
    images: Floats

    @classmethod
    def of(cls, selected: ArrayLike, voters: ArrayLike, right: ArrayLike, images: ArrayLike | None = None) -> Votes:
        """From columns of any type, of an image each where their numbers are not given."""
        rows = np.stack([np.asarray(column, np.float64) for column in (selected, voters, right)], axis=1)
        return cls(rows, np.ones(len(rows)) if images is None else np.asarray(images, np.float64))

    @property
    def accuracy(self) -> float:
        """The share that the model is right about."""
        return float(self.rows[:, 2] @ self.images / self.images.sum())

    def resampled(self, draw: np.random.Generator) -> Votes:
        """As many images, drawn from these."""
        total = int(self.images.sum())
        return Votes(self.rows, draw.multinomial(total, self.images / total).astype(np.float64))


@dataclass(frozen=True)
class MatchedAccuracy:
    """The accuracy of the second set at the true frequencies of the first, with its interval by resampled images."""

    accuracy: float
    low: float
    high: float


def matched_accuracy(first: Votes, second: Votes, level: float, seed: int) -> MatchedAccuracy:
    """What the accuracy on the second set would be if its images were selected as often as those of the first.

    The beta-binomial model of the paper: an image's votes are binomial around its true frequency, and the frequencies
    of a set have a beta distribution, of its right and of its wrong images one each. The accuracy at each frequency
    of the second set is weighted by how often that frequency occurs in the first.
    """
    draw = np.random.default_rng(seed)
    one, other = _grouped(first), _grouped(second)
    estimates = [_matched(one.resampled(draw), other.resampled(draw)) for _ in range(_RESAMPLES)]
    value, width = _matched(one, other), normal_score(level) * float(np.std(estimates))
    return MatchedAccuracy(value, max(0.0, value - width), min(1.0, value + width))


def _grouped(votes: Votes) -> Votes:
    """The same images in as few groups as there are."""
    rows, group = np.unique(votes.rows, axis=0, return_inverse=True)
    return Votes(rows, np.bincount(group.ravel(), votes.images, len(rows)).astype(np.float64))


def _matched(first: Votes, second: Votes) -> float:
    right, wrong = (second.images * (second.rows[:, 2] == truth) for truth in (1, 0))
    by_right = right.sum() * _frequencies(Votes(second.rows, right))
    both = by_right + wrong.sum() * _frequencies(Votes(second.rows, wrong))
    # Where the second set has next to no frequencies its accuracy there is a quotient of noise.
    wanted = _frequencies(first) * (both > _RARE * both.sum())
    return float(wanted @ (by_right / np.maximum(both, 1e-300)) / wanted.sum())


def _frequencies(votes: Votes) -> Floats:
    """The beta distribution of true frequencies of some images, as shares of the grid; all 0 for no image.

    By EM: the moments of the distribution become the mean ones of the images' posteriors until they stay.
    """
    rows, counts = votes.rows, votes.images
    if not counts.sum():
        return np.zeros_like(_GRID)
    logs = rows[:, :1] * np.log(_GRID) + (rows[:, 1:2] - rows[:, :1]) * np.log(1 - _GRID)
    likelihoods = np.exp(logs - logs.max(axis=1, keepdims=True))
    shares = np.full(len(_GRID), 1 / len(_GRID))
    for _ in range(_ROUNDS):
        belief = likelihoods * shares
        belief /= belief.sum(axis=1, keepdims=True)
        mixed = counts @ belief / counts.sum()
        shares = _beta(float(mixed @ _GRID), float(mixed @ _GRID**2))
    return shares


def _beta(mean: float, square: float) -> Floats:
    """The beta distribution of a mean and a mean square, as shares of the grid."""
    spread = max(square - mean**2, 1e-6)
    size = max(mean * (1 - mean) / spread - 1, 1e-3)
    logs = (mean * size - 1) * np.log(_GRID) + ((1 - mean) * size - 1) * np.log(1 - _GRID)
    shares = np.exp(logs - logs.max())
    return np.asarray(shares / shares.sum(), np.float64)
