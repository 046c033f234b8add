"""Groups of points on a plane: the features of a map by their differences of mean and of variance."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

_ROUNDS = 100


def cluster(points: ArrayLike, clusters: int, seed: int) -> NDArray[np.int64]:
    """The cluster of each of N points, int64 [N]: 0 for the one farthest from the origin, then nearer ones.

    Lloyd's algorithm from the centres of Arthur and Vassilvitskii (2007), k-means++: the advantages of careful seeding.
    Columns are scaled to a deviation of 1 first, so that neither rules the other.

    Args:
        points: [N, C].
        clusters: how many; no more than different points are made.
        seed: of the first centres.
    """
    raw = np.asarray(points, np.float64)
    scale = raw.std(axis=0)
    scaled = raw / np.where(scale > 0, scale, 1)
    centres = _first_centres(scaled, clusters, np.random.default_rng(seed))
    nearest = _nearest(scaled, centres)
    for _ in range(_ROUNDS):
        # A cluster that lost its points keeps its centre.
        centres = np.array(
            [
                scaled[nearest == number].mean(axis=0) if np.any(nearest == number) else centre
                for number, centre in enumerate(centres)
            ]
        )
        moved = _nearest(scaled, centres)
        if np.array_equal(moved, nearest):
            break
        nearest = moved
    used = np.unique(nearest)
    order = used[np.argsort(-np.linalg.norm(centres[used], axis=1))]
    names = np.empty(len(centres), np.int64)
    names[order] = np.arange(len(order))
    return names[nearest]


def _first_centres(points: NDArray[np.float64], clusters: int, draw: np.random.Generator) -> NDArray[np.float64]:
    centres = [points[draw.integers(len(points))]]
    while len(centres) < clusters:
        squared = np.min([np.sum((points - centre) ** 2, axis=1) for centre in centres], axis=0)
        if not squared.sum():
            break
        centres.append(points[draw.choice(len(points), p=squared / squared.sum())])
    return np.array(centres)


def _nearest(points: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.int64]:
    squared = ((points[:, None, :] - centres[None, :, :]) ** 2).sum(axis=2)
    return np.asarray(np.argmin(squared, axis=1), np.int64)
