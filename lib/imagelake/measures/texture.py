"""Texture measures of an image's grey values: entropy and gradient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

# Bands of rows: for temporaries of a whole image malloc may fetch new pages each time, which costs more than the
# arithmetic.
ROWS_AT_ONCE = 64


def entropy(grey: npt.NDArray[np.uint8]) -> float:
    """Shannon entropy of the histogram of grey: uint8 [H, W], in bits.

    0 for one flat grey (and for no pixels), 8 where all 256 levels are equally frequent: Shannon (1948), A
    mathematical theory of communication.
    """
    counts = np.array(Image.fromarray(grey).histogram())  # a third of the time of numpy's bincount
    shares = counts[counts > 0] / grey.size
    return float(-(shares * np.log2(shares)).sum()) + 0.0  # + 0.0: a flat image has entropy 0, not -0


def gradient(grey: npt.NDArray[np.uint8]) -> float:
    """Mean magnitude of the central differences of grey: uint8 [H, W], in levels a pixel.

    A blurred image has a low one. The outermost pixels have no central difference and do not count; an image with a
    side under 3 has no others, and 0.
    """
    if min(grey.shape) < 3:
        return 0.0
    levels = grey.astype(np.float32)
    tops = range(0, grey.shape[0] - 2, ROWS_AT_ONCE)
    total = sum(_sum_of_magnitudes(levels[top : top + ROWS_AT_ONCE + 2]) for top in tops)
    return total / 2 / float((grey.shape[0] - 2) * (grey.shape[1] - 2))  # the differences span two pixels


def _sum_of_magnitudes(levels: npt.NDArray[np.float32]) -> float:
    """The sum of the gradient's magnitudes at the inner pixels of levels [H, W], whole numbers, for two pixels."""
    across = levels[1:-1, 2:] - levels[1:-1, :-2]
    down = levels[2:, 1:-1] - levels[:-2, 1:-1]
    # Without copies, and exact up to the root: squares of differences of levels are whole numbers below 2**24.
    across *= across
    down *= down
    across += down
    return float(np.sqrt(across, out=across).sum(dtype=np.float64))


def texture_of(pixels: npt.NDArray[np.uint8]) -> tuple[float, float]:
    """Entropy and gradient of pixels: uint8 [H, W, 3], RGB, after the grey conversion of ITU-R BT.601."""
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    return entropy(grey), gradient(grey)
