"""How much an image shows, judged by its grey values: entropy and gradient."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from PIL import Image

# Temporaries of a whole image are large enough for malloc to fetch fresh pages each time, which costs more than the
# arithmetic: 0.7 ms for 224 x 224 in one piece, 0.25 ms in pieces.
ROWS_AT_ONCE = 32


def entropy(grey: npt.NDArray[np.uint8]) -> float:
    """Shannon entropy of the histogram of grey: uint8 [H, W], in bits.

    0 for one flat grey (and for no pixels), 8 where all 256 levels are equally frequent: Shannon (1948), A
    mathematical theory of communication.
    """
    counts = np.bincount(grey.ravel(), minlength=256)
    shares = counts[counts > 0] / grey.size
    return float(-(shares * np.log2(shares)).sum()) + 0.0  # + 0.0: a flat image has entropy 0, not -0


def gradient(grey: npt.NDArray[np.uint8]) -> float:
    """Mean magnitude of the central differences of grey: uint8 [H, W], in levels a pixel.

    A blurred image has a low one. The outermost pixels have no central difference and do not count; an image with a
    side under 3 has no others, and 0.
    """
    if min(grey.shape) < 3:
        return 0.0
    levels = grey.astype(np.int16)
    tops = range(0, grey.shape[0] - 2, ROWS_AT_ONCE)
    total = sum(float(_slopes(levels[top : top + ROWS_AT_ONCE + 2]).sum()) for top in tops)
    return total / float((grey.shape[0] - 2) * (grey.shape[1] - 2))


def _slopes(levels: npt.NDArray[np.int16]) -> npt.NDArray[np.float64]:
    """The gradient's magnitude at each inner pixel of levels [H, W]: float64 [H - 2, W - 2]."""
    across = levels[1:-1, 2:] - levels[1:-1, :-2]
    down = levels[2:, 1:-1] - levels[:-2, 1:-1]
    # The modulus of a complex number is the magnitude, and numpy's loop for it is three times as fast as hypot's.
    return np.abs(across + 1j * down) / 2  # the differences span two pixels


def texture_of(pixels: npt.NDArray[np.uint8]) -> tuple[float, float]:
    """Entropy and gradient of pixels: uint8 [H, W, 3], RGB, after the grey conversion of ITU-R BT.601."""
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    return entropy(grey), gradient(grey)
