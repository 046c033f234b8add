"""How sure the evidence makes it that two pictures are duplicates, and which pairs a person should look at first.

Logistic regressions on pairs that people judged: the 139 of even test images of CIFAR-10 that Barz and Denzler (2020,
Do we train on test data? Purging CIFAR of near-duplicates) call near-duplicates or very similar. For the score the
other candidates of these test images are left out, because people judged the nearest pair of an image only and many of
the others are duplicates as well; for the priority they count as pairs that need no second look. Cosines and SSIM enter
by log((1 + c) / (1 - c)), which spreads those near 1. A lake of other images has other odds.

Letters: P pairs.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from imagelake.config import DuplicatesSection

Quantity = Any  # a number, a numpy array or a Spark column
_NEAREST = 0.9999  # to one: an equal picture is as good as 1 - 1e-4
_LEVELS = 5.0  # added to distances, below which they say nothing


@dataclass(frozen=True)
class Thresholds:
    """When two pictures count as one: all of these hold.

    Attributes:
        score: at least.
        ssim: above, over the best shift.
        distance: below, root mean square in levels.
    """

    score: float
    ssim: float
    distance: float

    @classmethod
    def of(cls, rules: DuplicatesSection) -> Thresholds:
        """As configured."""
        return cls(rules.min_score, rules.min_ssim, rules.max_distance)

    def passed(self, score: Quantity, ssim: Quantity, distance: Quantity) -> Quantity:
        """Whether pairs count as one, by operators alone: for numbers, numpy arrays and Spark columns alike."""
        return (score >= self.score) & (ssim > self.ssim) & (distance < self.distance)


@dataclass(frozen=True, eq=False)
class Evidence:
    """Of P pairs, each [P].

    Attributes:
        ssim: see `best_shift_ssim`.
        distance: see `rms_distance`.
        features_cosine: of the features, NaN where there are none.
        thumbnail_cosine: of `thumbnail_vectors`.
        hash_distance: of `perceptual_hashes`.
    """

    ssim: NDArray[np.floating]
    distance: NDArray[np.floating]
    features_cosine: NDArray[np.floating]
    thumbnail_cosine: NDArray[np.floating]
    hash_distance: NDArray[np.integer]


@dataclass(frozen=True)
class Weights:
    """Of a logistic regression: one for each transformed evidence, and the intercept."""

    ssim: float
    distance: float
    features_cosine: float
    thumbnail_cosine: float
    hash_distance: float
    intercept: float


@dataclass(frozen=True)
class BackgroundWeights:
    """Of the mean cosines of both pictures with their sixth to tenth neighbours."""

    features: float
    thumbnail: float


SCORE = Weights(1.441, -0.720, 1.694, 0.101, -0.167, -3.945)
SCORE_WITHOUT_FEATURES = Weights(2.472, -1.157, 0.0, 0.038, -0.146, -0.666)
PRIORITY = Weights(1.319, -0.832, 6.036, 0.494, -0.086, -0.864)
PRIORITY_WITHOUT_FEATURES = Weights(1.983, -1.312, 0.0, 0.751, -0.079, 15.141)
BACKGROUND = BackgroundWeights(-13.076, -8.973)
BACKGROUND_WITHOUT_FEATURES = BackgroundWeights(0.0, -21.468)


def duplicate_score(evidence: Evidence) -> NDArray[np.float64]:
    """The probability that people call each pair duplicates: float64 [P]."""
    known = ~np.isnan(evidence.features_cosine)
    return 1 / (1 + np.exp(-np.where(known, _odds(evidence, SCORE), _odds(evidence, SCORE_WITHOUT_FEATURES))))


def crowded_odds(
    evidence: Evidence, features_background: NDArray[np.floating], thumbnail_background: NDArray[np.floating]
) -> NDArray[np.float64]:
    """The logarithm of the odds for a pair in its surroundings: float64 [P].

    Pictures that are like many others need more than their likeness to be duplicates: score normalisation by background
    similarity, as Pizzi et al. (2022), A self-supervised descriptor for image copy detection, have it. It would let
    large groups of copies count as a crowd, so it decides about the order of pairs alone.

    Args:
        evidence: of the pairs; the cosine of features with what all pictures have in common, which tells better what
            people take for the same.
        features_background: the mean cosine of both pictures with their sixth to tenth neighbours by features.
        thumbnail_background: the same by thumbnails.
    """
    known = ~np.isnan(evidence.features_cosine)

    def odds(weights: Weights, background: BackgroundWeights) -> NDArray[np.float64]:
        crowd = background.features * np.nan_to_num(features_background) + background.thumbnail * thumbnail_background
        return np.asarray(_odds(evidence, weights) + crowd, np.float64)

    return np.where(known, odds(PRIORITY, BACKGROUND), odds(PRIORITY_WITHOUT_FEATURES, BACKGROUND_WITHOUT_FEATURES))


def transformed(evidence: Evidence) -> NDArray[np.float64]:
    """What the weights multiply, in the order of the fields of `Evidence`: float64 [P, 5]; 0 for unknown features."""
    return np.column_stack(
        [
            _spread(evidence.ssim),
            np.log(evidence.distance.astype(np.float64) + _LEVELS),
            _spread(np.nan_to_num(evidence.features_cosine)),
            _spread(evidence.thumbnail_cosine),
            evidence.hash_distance.astype(np.float64),
        ]
    )


def _odds(evidence: Evidence, weights: Weights) -> NDArray[np.float64]:
    """The logarithm of the odds."""
    *factors, intercept = astuple(weights)
    # Column by column: a matrix product would round by the number of rows.
    odds = np.full(len(evidence.ssim), intercept)
    for factor, column in zip(factors, transformed(evidence).T, strict=True):
        odds += factor * column
    return odds


def _spread(cosine: NDArray[np.floating]) -> NDArray[np.float64]:
    bounded = np.clip(cosine.astype(np.float64), -_NEAREST, _NEAREST)
    return np.asarray(np.log((1 + bounded) / (1 - bounded)))
