"""The structural similarity of small grey images, over the best of a few shifts.

Wang, Bovik, Sheikh and Simoncelli (2004), Image quality assessment: from error visibility to structural similarity,
IEEE Transactions on Image Processing 13(4), with a uniform window of 7 x 7 pixels and sample covariances. Two copies of
one picture that were cropped or resized differently lie a pixel or two apart at a common size, which costs most of the
similarity; so it is taken over every shift of a few pixels, of the part that both show.

Letters: P pairs, S the side of the images, W the side of the window.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

WINDOW = 7
PAIRS_AT_ONCE = 32  # their temporaries stay in a core's cache, which is four times as fast as a thousand at once
_LARGEST = 255.0
_C1 = np.float32((0.01 * _LARGEST) ** 2)
_C2 = np.float32((0.03 * _LARGEST) ** 2)
_COUNT = np.float32(WINDOW**2)
_UNBIASED = np.float32(WINDOW**2 / (WINDOW**2 - 1))


def best_shift_ssim(first: NDArray[np.uint8], second: NDArray[np.uint8], reach: int = 2) -> NDArray[np.float32]:
    """The highest mean SSIM of each pair over all shifts of up to `reach` pixels, -1 to 1: float32 [P].

    Swapping the images changes nothing but the last digit.

    Args:
        first: uint8 [P, S, S], grey, S at least 7 + reach.
        second: the other image of each pair, of the same shape.
        reach: pixels along each axis; 0 compares the images as they lie.

    Raises:
        ValueError: the shapes differ, or the images are smaller than the window and the reach.
    """
    side = first.shape[-1]
    if first.shape != second.shape or first.ndim != 3 or first.shape[1] != side or side < WINDOW + reach:
        raise ValueError(
            f"expected two arrays [P, S, S] with S >= {WINDOW + reach}, found {first.shape}, {second.shape}"
        )
    best = np.empty(len(first), np.float32)
    for start in range(0, len(first), PAIRS_AT_ONCE):
        part = slice(start, start + PAIRS_AT_ONCE)
        one, other = _Windows.of(first[part]), _Windows.of(second[part])
        shifts = product(range(-reach, reach + 1), repeat=2)
        best[part] = np.max([_ssim(one, other, down, across) for down, across in shifts], axis=0)
    return best


@dataclass(frozen=True)
class _Windows:
    """Levels float32 [P, S, S] with the mean, its square and the variance of every window, [P, S - 6, S - 6]."""

    levels: NDArray[np.float32]
    means: NDArray[np.float32]
    squared_means: NDArray[np.float32]
    variances: NDArray[np.float32]

    @classmethod
    def of(cls, images: NDArray[np.uint8]) -> _Windows:
        levels = images.astype(np.float32)
        means = _window_sums(levels) / _COUNT
        squared = means * means
        return cls(levels, means, squared, _UNBIASED * (_window_sums(levels * levels) / _COUNT - squared))


def _ssim(one: _Windows, other: _Windows, down: int, across: int) -> NDArray[np.float32]:
    """The mean SSIM of each pair where the one image is moved over the other: float32 [P]."""
    side, windows = one.levels.shape[1], one.means.shape[1]
    here, there = _overlap(side, down, across), _overlap(side, -down, -across)
    products = _window_sums(one.levels[here] * other.levels[there])
    here, there = _overlap(windows, down, across), _overlap(windows, -down, -across)
    means = one.means[here] * other.means[there]
    products *= 2 * _UNBIASED / _COUNT
    products -= (2 * _UNBIASED) * means
    products += _C2
    means *= 2
    means += _C1
    means *= products
    below = one.squared_means[here] + other.squared_means[there]
    below += _C1
    spread = one.variances[here] + other.variances[there]
    spread += _C2
    below *= spread
    means /= below
    return np.asarray(means.mean(axis=(1, 2)), np.float32)


def _overlap(side: int, down: int, across: int) -> tuple[slice, slice, slice]:
    """The part of the one image that lies on the other when that is moved so far."""
    rows = slice(max(0, down), side + min(0, down))
    return slice(None), rows, slice(max(0, across), side + min(0, across))


def _window_sums(images: NDArray[np.float32]) -> NDArray[np.float32]:
    """The sum of every window: [P, H, W] to [P, H - 6, W - 6]; exact, since sums of products stay below 2**24."""
    pairs = images[:, :-1] + images[:, 1:]
    tall = pairs[:, :-5] + pairs[:, 2:-3]
    tall += pairs[:, 4:-1]
    tall += images[:, 6:]
    pairs = tall[:, :, :-1] + tall[:, :, 1:]
    sums = pairs[:, :, :-5] + pairs[:, :, 2:-3]
    sums += pairs[:, :, 4:-1]
    sums += tall[:, :, 6:]
    return sums
