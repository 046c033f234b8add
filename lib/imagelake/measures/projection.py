"""Features on the plane on which they differ most: principal component analysis.

Letters: N images, D features.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

AXES = 2


def principal_points(features: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Where N features [N, D], N at least 1, lie on their plane of largest variance: [N, 2], 0 in the middle.

    The largest loading of each axis is positive, so that the order of the images changes nothing. Features that
    differ in fewer directions have zeros: Pearson (1901), On lines and planes of closest fit.
    """
    centred = features - features.mean(axis=0, dtype=np.float64)
    variances, vectors = np.linalg.eigh(centred.T @ centred / len(features))
    rounding = features.shape[1] * np.finfo(np.float32).eps ** 2  # of the variance of equal features
    axes = np.zeros((features.shape[1], AXES))
    for axis, column in enumerate(np.argsort(variances)[::-1][:AXES]):
        if variances[column] > rounding:
            direction = vectors[:, column]
            axes[:, axis] = direction * np.sign(direction[np.abs(direction).argmax()])
    points: npt.NDArray[np.float64] = centred @ axes
    return points
