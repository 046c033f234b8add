"""A plane on which neighbours stay neighbours: t-SNE of a few landmarks, and every other point between its nearest.

van der Maaten and Hinton (2008), Visualizing data using t-SNE; begun from principal components as in Kobak and Berens
(2019), The art of using t-SNE for single-cell transcriptomics, which keeps the large distances and makes it repeatable.

Letters: L landmarks, N points, D features.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from imagelake.measures.projection import principal_points

Matrix = npt.NDArray[np.float32]
PERPLEXITY = 30.0  # about so many neighbours keep a landmark near
STEPS, EXAGGERATED, EXAGGERATION = 350, 100, 12.0  # in the first steps neighbours attract each other so much more
NEAREST = 5  # landmarks that a point lies between
_BISECTIONS = 50
_SMALL = np.float32(1e-6)


@dataclass(frozen=True, eq=False)
class NeighbourMap:
    """Landmarks with their features [L, D], rows of unit length, and where they lie on the plane, [L, 2]."""

    features: Matrix
    points: Matrix

    @classmethod
    def of(cls, features: Matrix) -> NeighbourMap:
        """The map of landmarks [L, D], L at least 1; takes memory and time by the square of L."""
        start = principal_points(features)
        spread = start.std(axis=0).max()
        if len(features) < 2 or spread == 0:
            return cls(features, np.zeros((len(features), 2), np.float32))
        points = _descended(affinities(features, PERPLEXITY), (start / spread * 1e-4).astype(np.float32))
        return cls(features, (points / points.std(axis=0).max()).astype(np.float32))

    def points_of(self, features: Matrix) -> Matrix:
        """Where points [N, D] lie: [N, 2], the mean of the nearest landmarks, weighted by 1 / squared distance."""
        distances = squared_distances(features, self.features)
        nearest = np.argsort(distances, axis=1, kind="stable")[:, :NEAREST]
        weights = 1 / (np.take_along_axis(distances, nearest, axis=1) + _SMALL)
        weights /= weights.sum(axis=1, keepdims=True)
        return np.asarray(np.einsum("nk,nkd->nd", weights, self.points[nearest]), np.float32)


def squared_distances(one: Matrix, other: Matrix) -> Matrix:
    """The squared distance of each row of [N, D] to each of [L, D], rows of unit length: [N, L]."""
    return np.asarray(np.maximum(np.float32(0), 2 - 2 * (one @ other.T)))


def affinities(features: Matrix, perplexity: float) -> Matrix:
    """How much each landmark is the neighbour of each other one: [L, L], symmetric, 1 in sum, 0 to itself.

    Each row is a normal distribution by distance, as wide as makes its perplexity, 2 to the power of its entropy, that
    wanted; at most a third of the others.
    """
    distances = squared_distances(features, features).astype(np.float64)
    np.fill_diagonal(distances, np.inf)
    finite = np.where(np.isinf(distances), 0, distances)
    wanted = np.log(min(perplexity, max(1.0, (len(features) - 1) / 3)))
    low, high, width = np.zeros(len(features)), np.full(len(features), np.inf), np.ones(len(features))
    for _ in range(_BISECTIONS):
        shares = _shares(distances, width)
        entropy = np.log(shares.sums) + width * (finite * shares.values).sum(axis=1) / shares.sums + shares.shift
        low, high = np.where(entropy > wanted, width, low), np.where(entropy > wanted, high, width)
        width = np.where(np.isinf(high), np.minimum(width * 2, 1e12), (low + high) / 2)
    shares = _shares(distances, width)
    rows = shares.values / shares.sums[:, np.newaxis]
    return ((rows + rows.T) / (2 * len(features))).astype(np.float32)


@dataclass(frozen=True, eq=False)
class _Shares:
    """exp(-width x distance) of each row, over that of its nearest, with the sums, and the logarithm of that."""

    values: npt.NDArray[np.float64]
    sums: npt.NDArray[np.float64]
    shift: npt.NDArray[np.float64]


def _shares(distances: npt.NDArray[np.float64], width: npt.NDArray[np.float64]) -> _Shares:
    nearest = distances.min(axis=1)
    values = np.exp(-(distances - nearest[:, np.newaxis]) * width[:, np.newaxis])
    return _Shares(values, values.sum(axis=1), -width * nearest)


def gradient(affinity: Matrix, points: Matrix) -> Matrix:
    """The gradient [L, 2] of the Kullback-Leibler divergence between affinities [L, L] and those on the plane."""
    squares = (points**2).sum(axis=1)
    near = 1 / (1 + np.maximum(np.float32(0), squares[:, np.newaxis] + squares - 2 * points @ points.T))
    np.fill_diagonal(near, 0)
    pull = (affinity - near / near.sum()) * near
    return np.asarray(4 * (pull.sum(axis=1)[:, np.newaxis] * points - pull @ points))


def _descended(affinity: Matrix, points: Matrix) -> Matrix:
    """The points after the descent with momentum, each coordinate with a pace of its own (Jacobs 1988)."""
    pace = max(len(points) / EXAGGERATION / 4, 50.0)
    velocity, gains = np.zeros_like(points), np.ones_like(points)
    for step in range(STEPS):
        early = step < EXAGGERATED
        slope = gradient(affinity * np.float32(EXAGGERATION) if early else affinity, points)
        gains = np.maximum(np.where(np.sign(slope) != np.sign(velocity), gains + 0.2, gains * 0.8), 0.01)
        velocity = np.float32(0.5 if early else 0.8) * velocity - np.float32(pace) * gains.astype(np.float32) * slope
        points = points + velocity
        points = points - points.mean(axis=0)
    return points
