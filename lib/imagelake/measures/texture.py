"""Measures of an image's grey values: entropy, gradient, brightness, contrast and sharpness."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

# Bands of rows: for temporaries of a whole image malloc may fetch new pages each time, which costs more than the
# arithmetic.
ROWS_AT_ONCE = 64


class Texture(NamedTuple):
    """The measures of one image, each as the function of its name gives it."""

    entropy: float
    gradient: float
    brightness: float
    contrast: float
    sharpness: float


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


def brightness(grey: npt.NDArray[np.uint8]) -> float:
    """Mean of grey: uint8 [H, W], 0 for black to 255 for white; 0 for no pixels."""
    return float(grey.mean()) if grey.size else 0.0


def contrast(grey: npt.NDArray[np.uint8]) -> float:
    """Root-mean-square contrast of grey: uint8 [H, W], the standard deviation in levels; 0 for no pixels.

    0 for one flat grey, 127.5 for halves of black and white: Peli (1990), Contrast in complex images.
    """
    return float(grey.std()) if grey.size else 0.0


def sharpness(grey: npt.NDArray[np.uint8]) -> float:
    """Variance of the Laplacian of grey: uint8 [H, W], in squared levels.

    The Laplacian is the sum of the four neighbours less four times the pixel. A blurred image has a low variance:
    Pech-Pacheco et al. (2000), Diatom autofocusing in brightfield microscopy. The outermost pixels lack a neighbour and
    do not count; an image with a side under 3 has no others, and 0. Images of different sizes do not compare.
    """
    if min(grey.shape) < 3:
        return 0.0
    levels = grey.astype(np.float32)
    tops = range(0, grey.shape[0] - 2, ROWS_AT_ONCE)
    sums = np.array([_sums_of_laplacian(levels[top : top + ROWS_AT_ONCE + 2]) for top in tops]).sum(axis=0)
    mean, mean_square = sums / ((grey.shape[0] - 2) * (grey.shape[1] - 2))
    return float(max(0.0, mean_square - mean**2))


def _sums_of_laplacian(levels: npt.NDArray[np.float32]) -> tuple[float, float]:
    """The sums of the Laplacian and of its square at the inner pixels of levels [H, W], whole numbers."""
    laplacian = levels[:-2, 1:-1] + levels[2:, 1:-1]
    laplacian += levels[1:-1, :-2]
    laplacian += levels[1:-1, 2:]
    laplacian -= 4 * levels[1:-1, 1:-1]
    total = float(laplacian.sum(dtype=np.float64))
    laplacian *= laplacian  # exact: whole numbers below 2**24
    return total, float(laplacian.sum(dtype=np.float64))


def texture_of(pixels: npt.NDArray[np.uint8]) -> Texture:
    """The measures of pixels: uint8 [H, W, 3], RGB, after the grey conversion of ITU-R BT.601."""
    grey = np.asarray(Image.fromarray(pixels).convert("L"))
    return Texture(entropy(grey), gradient(grey), brightness(grey), contrast(grey), sharpness(grey))
