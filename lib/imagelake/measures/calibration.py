"""Scores made probabilities again, by what people said of some of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

_STEPS = 50
_MARGIN = 1e-9  # of a score from 0 and 1, whose logarithms of odds are infinite


@dataclass(frozen=True)
class Calibration:
    """A line on the logarithm of the odds: Platt (1999), Probabilistic outputs for support vector machines.

    Attributes:
        slope: 1 where the scores spread as they should.
        shift: 0 where they are right on average.
    """

    slope: float
    shift: float

    def of(self, scores: NDArray[np.floating]) -> NDArray[np.float64]:
        """The calibrated scores, float64 [N]."""
        return np.asarray(1 / (1 + np.exp(-(self.slope * log_odds(scores) + self.shift))))

    def threshold(self, probability: float) -> float:
        """The score whose calibrated one is a probability between 0 and 1; 1 where no score tells anything."""
        if self.slope <= 0:
            return 1.0
        odds = (np.log(probability / (1 - probability)) - self.shift) / self.slope
        return float(1 / (1 + np.exp(-odds)))


def log_odds(scores: NDArray[np.floating]) -> NDArray[np.float64]:
    """log(s / (1 - s)) of scores [N], 0 to 1."""
    bounded = np.clip(scores.astype(np.float64), _MARGIN, 1 - _MARGIN)
    return np.asarray(np.log(bounded / (1 - bounded)))


def calibrate(scores: NDArray[np.floating], outcomes: NDArray[np.bool_]) -> Calibration:
    """The line of the highest likelihood, found by Newton's method.

    Outcomes are softened as Platt has them, (n + 1) / (n + 2) for the n that are true and 1 / (n + 2) for the n that
    are not, so that there is a line where a score tells them apart without an error.

    Args:
        scores: [N], 0 to 1.
        outcomes: bool [N], at least one of each.

    Raises:
        ValueError: all outcomes are the same.
    """
    positive, negative = int(outcomes.sum()), int((~outcomes).sum())
    if not positive or not negative:
        raise ValueError(f"expected outcomes of both values, found {positive} true and {negative} false")
    wanted = np.where(outcomes, (positive + 1) / (positive + 2), 1 / (negative + 2))
    inputs = np.stack([log_odds(scores), np.ones(len(scores))], axis=1)
    weights = np.array([1.0, 0.0])
    for _ in range(_STEPS):
        found = 1 / (1 + np.exp(-np.clip(inputs @ weights, -30, 30)))
        curvature = inputs.T @ (inputs * (found * (1 - found))[:, np.newaxis]) + np.diag([1e-9, 1e-9])
        step = np.linalg.solve(curvature, inputs.T @ (wanted - found))
        weights = weights + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    return Calibration(float(weights[0]), float(weights[1]))
