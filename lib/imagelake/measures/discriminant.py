"""A linear discriminant of two classes, and the area under its ROC curve.

Letters: N rows, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHRINKAGE = 0.1


@dataclass(frozen=True)
class Discriminant:
    """The posterior probability of the second of two classes is the logistic function of weights . x + bias.

    Attributes:
        weights: float64 [D].
        bias: of the same scale.
    """

    weights: NDArray[np.float64]
    bias: float

    @classmethod
    def of(cls, first: NDArray[np.float32], second: NDArray[np.float32], share: float) -> Discriminant:
        """The linear discriminant of two classes.

        Fisher (1936), The use of multiple measurements in taxonomic problems. A tenth of the covariance within the
        classes is replaced by as much variance in every direction (Friedman 1989, Regularized discriminant analysis),
        so that fewer rows than features are enough.

        Args:
            first: float32 [N, D], at least two rows that differ.
            second: float32 [N, D], as well.
            share: of the second class among all rows, above 0 and below 1.
        """
        means = [np.mean(rows, axis=0, dtype=np.float64) for rows in (first, second)]
        around = np.concatenate([rows - mean for rows, mean in zip((first, second), means, strict=True)])
        within = around.T @ around / (len(around) - 2)
        variance = np.trace(within) / len(within)
        shrunk = (1 - SHRINKAGE) * within + SHRINKAGE * variance * np.eye(len(within))
        weights = np.linalg.solve(shrunk, means[1] - means[0])
        return cls(weights, float(np.log(share / (1 - share)) - weights @ (means[0] + means[1]) / 2))

    def probabilities(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Of being of the second class, float64 [N], for float32 [N, D]."""
        return 1 / (1 + np.exp(-np.clip(rows @ self.weights + self.bias, -500, 500)))


def auc(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """The area under the ROC curve: the share of pairs with the second class's value above the first's, ties as half.

    Hanley and McNeil (1982), The meaning and use of the area under a receiver operating characteristic curve.
    """
    ordered = np.sort(first)
    below, not_above = (np.searchsorted(ordered, second, side=side) for side in ("left", "right"))
    return float(np.mean(below + not_above) / 2 / len(first))
