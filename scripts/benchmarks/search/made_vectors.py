"""Vectors like the pooled features of a lake: clustered, non-negative, of unit length, from a seed.

A cluster for 250 vectors, the largest of a million's 4,000 clusters 60 times the smallest. Within a cluster vectors
vary along 64 directions that all clusters share, and a little along every other; the cosine to the cluster's centre is
0.6 to 0.9. What is below zero becomes zero, as after a network's last activation.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

PER_CLUSTER, DIRECTIONS, AT_ONCE = 250, 64, 20_000
ALONG, AROUND = 0.8, 0.4  # lengths of the two parts of the variation, the centre's being 1


def made_vectors(rows: int, dimension: int, seed: int, clusters: int) -> Iterator[NDArray[np.float32]]:
    """Batches of float32 [n, D] that have N rows together; the clusters lie where they do for any seed."""
    world, random = np.random.default_rng(7), np.random.default_rng(seed)
    centres = world.standard_normal((clusters, dimension), dtype=np.float32) / np.sqrt(np.float32(dimension))
    basis = world.standard_normal((DIRECTIONS, dimension), dtype=np.float32) / np.sqrt(np.float32(dimension))
    widths = world.uniform(0.5, 1.5, clusters).astype(np.float32)
    shares = 1 / np.sqrt(np.arange(1, clusters + 1))
    for start in range(0, rows, AT_ONCE):
        count = min(AT_ONCE, rows - start)
        cluster = random.choice(clusters, count, p=shares / shares.sum())
        along = random.standard_normal((count, DIRECTIONS), dtype=np.float32) @ basis
        around = random.standard_normal((count, dimension), dtype=np.float32)
        lengths = np.array([ALONG / np.sqrt(DIRECTIONS), AROUND / np.sqrt(dimension)], np.float32)
        vectors = centres[cluster] + widths[cluster][:, None] * (along * lengths[0] + around * lengths[1])
        np.maximum(vectors, 0, out=vectors)
        yield vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
