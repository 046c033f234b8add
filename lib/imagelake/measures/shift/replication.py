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
    """Images with votes.

    Attributes:
        selected: float64 [N], people who said that the image shows its class.
        voters: float64 [N], people who voted, at least two each.
        right: float64 [N], 1 where the model is right, else 0.
    """

    selected: Floats
    voters: Floats
    right: Floats

    @classmethod
    def of(cls, selected: ArrayLike, voters: ArrayLike, right: ArrayLike) -> Votes:
        """From columns of any type."""
        return cls(*(np.asarray(column, np.float64) for column in (selected, voters, right)))


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
    one, other = _cells(first), _cells(second)
    estimates = [_matched(_resampled(one, draw), _resampled(other, draw)) for _ in range(_RESAMPLES)]
    value, width = _matched(one, other), normal_score(level) * float(np.std(estimates))
    return MatchedAccuracy(value, max(0.0, value - width), min(1.0, value + width))


def _cells(votes: Votes) -> tuple[Floats, Floats]:
    """The different rows of selected, voters and right, and how many images have each."""
    rows = np.stack([votes.selected, votes.voters, votes.right], axis=1)
    different, counts = np.unique(rows, axis=0, return_counts=True)
    return different, counts.astype(np.float64)


def _resampled(cells: tuple[Floats, Floats], draw: np.random.Generator) -> tuple[Floats, Floats]:
    rows, counts = cells
    return rows, draw.multinomial(int(counts.sum()), counts / counts.sum()).astype(np.float64)


def _matched(first: tuple[Floats, Floats], second: tuple[Floats, Floats]) -> float:
    rows, counts = second
    right, wrong = (counts * (rows[:, 2] == truth) for truth in (1, 0))
    by_right, by_wrong = right.sum() * _frequencies(rows, right), wrong.sum() * _frequencies(rows, wrong)
    both = by_right + by_wrong
    # Where the second set has next to no frequencies its accuracy there is a quotient of noise.
    wanted = _frequencies(*first) * (both > _RARE * both.sum())
    return float(wanted @ (by_right / np.maximum(both, 1e-300)) / wanted.sum())


def _frequencies(rows: Floats, counts: Floats) -> Floats:
    """The beta distribution of true frequencies of some images, as shares of the grid; all 0 for no image.

    By EM: the moments of the distribution become the mean ones of the images' posteriors until they stay.
    """
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
