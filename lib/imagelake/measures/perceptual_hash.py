"""A hash of 64 bits that stays nearly the same when a picture is resized, compressed or a little brighter.

Letters: N images.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 32
_KEPT = 8


def perceptual_hashes(grey: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The hashes of N grey images of 32 x 32: uint8 [N, 32, 32] to int64 [N].

    pHash: Zauner (2010), Implementation and benchmarking of perceptual image hash functions. The 8 x 8 lowest
    frequencies of the cosine transform, one bit each, set where it is above their median; the first is the highest.
    """
    frequencies = _COSINES @ grey.astype(np.float64) @ _COSINES.T
    # A flat image has frequencies of rounding errors alone, which must not decide its bits.
    flat = frequencies.round(6).reshape(len(grey), _KEPT * _KEPT)
    bits = flat > np.median(flat, axis=1, keepdims=True)
    return np.packbits(bits, axis=1).view(">i8").astype(np.int64)[:, 0]


def hash_distance(first: NDArray[np.int64], second: NDArray[np.int64]) -> NDArray[np.int32]:
    """The bits in which hashes int64 [N] differ, 0 to 64: int32 [N]."""
    return np.bitwise_count((first ^ second).view(np.uint64)).astype(np.int32)


def _cosines() -> NDArray[np.float64]:
    """The lowest rows of the orthonormal cosine transform (DCT-II) of 32 values: [8, 32]."""
    frequency, position = np.arange(_KEPT)[:, np.newaxis], np.arange(SIDE)
    rows = np.cos(np.pi * frequency * (2 * position + 1) / (2 * SIDE)) * np.sqrt(2 / SIDE)
    rows[0] = np.sqrt(1 / SIDE)
    return np.asarray(rows)


_COSINES = _cosines()
