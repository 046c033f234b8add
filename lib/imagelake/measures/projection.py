"""A plane through features on which they differ most: principal component analysis.

Letters: N images, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

AXES = 2


@dataclass(frozen=True, eq=False)
class Projection:
    """From features to points of a plane.

    Attributes:
        mean: float64 [D].
        axes: float64 [2, D], orthogonal rows of unit length; of zeros where the features differ in no direction.
        explained: float64 [2], the share of the variance along each axis, 0 to 1.
    """

    mean: npt.NDArray[np.float64]
    axes: npt.NDArray[np.float64]
    explained: npt.NDArray[np.float64]

    @classmethod
    def of(cls, features: npt.NDArray[np.float32]) -> Projection:
        """The plane of N features [N, D], N at least 1: Pearson (1901), On lines and planes of closest fit.

        The largest loading of each axis is positive, so that equal features give equal points.
        """
        mean = features.mean(axis=0, dtype=np.float64)
        centred = features - mean
        variances, vectors = np.linalg.eigh(centred.T @ centred / len(features))
        order = np.argsort(variances)[::-1][:AXES]
        total = float(np.clip(variances, 0, None).sum())
        explained, axes = np.zeros(AXES), np.zeros((AXES, features.shape[1]))
        if total > len(mean) * np.finfo(np.float32).eps ** 2:
            explained[: len(order)] = np.clip(variances[order], 0, None) / total
            axes[: len(order)] = vectors[:, order].T
            largest = np.abs(axes).argmax(axis=1)
            axes *= np.where(axes[np.arange(AXES), largest] < 0, -1.0, 1.0)[:, np.newaxis]
        return cls(mean, axes, explained)

    def points(self, features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
        """Where features [N, D] lie on the plane: [N, 2]."""
        points: npt.NDArray[np.float64] = (features - self.mean) @ self.axes.T
        return points
