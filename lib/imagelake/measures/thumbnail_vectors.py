"""What a thumbnail looks like in few numbers, for finding its neighbours.

Letters: N images, S the side of a thumbnail.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SIDE = 8


def thumbnail_vectors(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Thumbnails uint8 [N, S, S, 3] as their 8 x 8 means without the mean of all: float32 [N, 192], of unit length.

    So neither brightness nor contrast counts. A flat image is a zero row, near to nothing.

    Raises:
        ValueError: 8 does not divide S.
    """
    count, side = pixels.shape[:2]
    if side % SIDE:
        raise ValueError(f"expected thumbnails whose side is a multiple of {SIDE}, found {pixels.shape}")
    step = side // SIDE
    means = pixels.reshape(count, SIDE, step, SIDE, step, 3).mean(axis=(2, 4), dtype=np.float32)
    means = means.reshape(count, 3 * SIDE**2)
    centred = means - means.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(centred, axis=1, keepdims=True)
    units: NDArray[np.float32] = np.divide(centred, lengths, out=np.zeros_like(centred), where=lengths > 1e-3)
    return units


def rms_distance(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The root mean square difference of each pair of images uint8 [N, ...], in levels, 0 to 255: float32 [N].

    It is the Euclidean distance of their levels, over the root of how many levels an image has.
    """
    difference = first.astype(np.float32) - second.astype(np.float32)
    squares = (difference * difference).reshape(len(first), first[0].size if len(first) else 1)
    return np.asarray(np.sqrt(squares.mean(axis=1)), np.float32)
