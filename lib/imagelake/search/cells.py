"""Cells of a space of vectors, in which each vector is compared with its neighbours only.

All nearest neighbours of a lake within itself are needed at once, which the image index, made for a query at a time,
would take hours for. Here vectors are projected to few dimensions, every vector goes to the cells of its nearest
centroids, and within a cell a matrix product compares all with all. Two vectors of a high cosine share one of a few
nearest cells.

Letters: N vectors, D dimensions, P projected ones, C cells, R cells of a vector, k neighbours.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelake.search.quantizer import SEED

PROJECTED = 128
BOTH_SIDES = 2  # of a vector that may be the neighbour of any other
ROWS_AT_ONCE = 512  # of a cell that are compared with its vectors at a time
_ROWS_A_CELL = 50  # to learn a centroid from
_MOST_CELLS = 4096
_ITERATIONS = 1  # of k-means: eight find no more, and change three times as many neighbours of a lake that grew


@dataclass(frozen=True, eq=False)
class Cells:
    """A projection and the centroids in it.

    Attributes:
        mean: float32 [D], subtracted: what all pictures have in common makes none alike.
        axes: float32 [D, P], the principal axes; the identity where D is no larger than P.
        centroids: float32 [C, P], rows of unit length.
    """

    mean: NDArray[np.float32]
    axes: NDArray[np.float32]
    centroids: NDArray[np.float32]

    @classmethod
    def train(cls, sample: NDArray[np.float32], vectors: int) -> Cells:
        """Learn from a sample.

        A few more or other vectors give nearly the same cells: their number is a power of two, and k-means begins with
        the first vectors. So hardly any neighbours of a lake are others after a few images were added.

        Args:
            sample: float32 [N, D], one row at least, in an order that says nothing of the vectors.
            vectors: how many there are in all, which decides the number of cells: about the root of it, so that
                comparing with all centroids costs about what comparing within cells does.
        """
        import faiss

        mean = sample.mean(axis=0, dtype=np.float64).astype(np.float32)
        centred = np.asarray(sample - mean, np.float32)
        axes = _principal_axes(centred)
        projected = _units(np.asarray(centred @ axes, np.float32))
        count = power_of_two(max(1, min(math.sqrt(vectors), _MOST_CELLS, len(sample) / _ROWS_A_CELL)))
        kmeans = faiss.Kmeans(projected.shape[1], count, niter=_ITERATIONS, seed=SEED, spherical=True)
        kmeans.cp.min_points_per_centroid = 1
        kmeans.train(projected, init_centroids=projected[:count])
        return cls(mean, axes, np.asarray(kmeans.centroids, np.float32).reshape(count, -1))

    def project(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Vectors float32 [N, D] in the space of the cells, rows of unit length: float32 [N, P]."""
        return _units((vectors - self.mean) @ self.axes)

    def offsets(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """What leads from cosines of projected vectors to those of the vectors themselves: float32 [N, 2].

        For unit vectors u = mean + c and v = mean + d, u . v is c . d plus u . mean - mean^2 / 2 of each, and c . d is
        about the projected cosine times the lengths of both projections. The columns are that length and that term.

        Args:
            vectors: float32 [N, D], rows of unit length.
        """
        lengths = np.linalg.norm((vectors - self.mean) @ self.axes, axis=1)
        return np.column_stack([lengths, vectors @ self.mean - self.mean @ self.mean / 2]).astype(np.float32)

    def route(self, projected: NDArray[np.float32], cells: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
        """The R nearest cells of each vector and the cosines with their centroids: int32 and float32 [N, min(R, C)]."""
        cosines = projected @ self.centroids.T
        cells = min(cells, len(self.centroids))
        nearest = np.argpartition(-cosines, cells - 1, axis=1)[:, :cells]
        return nearest.astype(np.int32), np.take_along_axis(cosines, nearest, axis=1)


def power_of_two(number: float) -> int:
    """The power of two next to a number of at least 1."""
    return 1 << round(math.log2(number))


def neighbours_within(
    vectors: NDArray[np.float32], k: int, least: float, sides: NDArray[np.int8] | None = None
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
    """The k nearest neighbours of each of N vectors among them, of those with at least a cosine.

    Args:
        vectors: float32 [N, P], rows of unit length.
        k: neighbours of each, itself not among them.
        least: the lowest cosine.
        sides: int8 [N]: two vectors of side 0, or two of side 1, are no neighbours; None for no sides.

    Returns:
        Row numbers int64 [M] of a vector and of its neighbour, and their cosines float32 [M].
    """
    found: list[tuple[NDArray[Any], ...]] = [(np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.float32))]
    k = min(k, len(vectors) - 1)
    for start in range(0, len(vectors) if k > 0 else 0, ROWS_AT_ONCE):
        cosines = vectors[start : start + ROWS_AT_ONCE] @ vectors.T
        rows = np.arange(len(cosines))
        cosines[rows, start + rows] = -np.inf
        if sides is not None:
            own = sides[start : start + ROWS_AT_ONCE, np.newaxis]
            cosines[(own == sides) & (own != BOTH_SIDES)] = -np.inf
        # Most cosines are far too low: sorting out the few others first takes a fifth of the time of a partition.
        query, near = np.nonzero(cosines >= least)
        values = cosines[query, near]
        order = np.lexsort((near, -values, query))
        query, near, values = query[order], near[order], values[order]
        rank = np.arange(len(query)) - np.searchsorted(query, query)
        best = rank < k
        found.append((start + query[best], near[best], values[best]))
    query, near, values = (np.concatenate(part) for part in zip(*found, strict=True))
    return query, near, values


def _principal_axes(centred: NDArray[np.float32]) -> NDArray[np.float32]:
    dimension = centred.shape[1]
    if dimension <= PROJECTED:
        return np.eye(dimension, dtype=np.float32)
    _, axes = np.linalg.eigh(centred.T.astype(np.float64) @ centred)
    return np.ascontiguousarray(axes[:, ::-1][:, :PROJECTED], np.float32)


def _units(vectors: NDArray[np.floating]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    units = np.divide(vectors, lengths, out=np.zeros_like(vectors), where=lengths > 0)
    return np.asarray(units, np.float32)
