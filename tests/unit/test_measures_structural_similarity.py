"""SSIM against SciPy's filters, image by image and shift by shift, and what the shifts are there for."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import uniform_filter  # type: ignore[import-untyped]

from imagelake.measures.structural_similarity import best_shift_ssim

RANDOM = np.random.default_rng(5)
FIRST = RANDOM.integers(0, 256, (40, 32, 32), np.uint8)
SECOND = np.where(RANDOM.random((40, 1, 1)) < 0.5, FIRST // 2 + 30, RANDOM.integers(0, 256, FIRST.shape)).astype(
    np.uint8
)


def plain_ssim(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """The mean SSIM of two grey images with a uniform 7 x 7 window, from the formula of the paper."""

    def window_mean(levels: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(uniform_filter(levels, 7)[3:-3, 3:-3])

    x, y = one.astype(np.float64), other.astype(np.float64)
    mean_x, mean_y = window_mean(x), window_mean(y)
    variance_x, variance_y, covariance = (
        49 / 48 * (window_mean(product_) - means)
        for product_, means in ((x * x, mean_x**2), (y * y, mean_y**2), (x * y, mean_x * mean_y))
    )
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    above = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    below = (mean_x**2 + mean_y**2 + c1) * (variance_x + variance_y + c2)
    return float((above / below).mean())


@pytest.mark.parametrize("reach", [0, 1, 2])
def test_it_is_the_best_of_all_shifts(reach: int) -> None:
    """Every pair has the largest of what the formula gives on the parts that both images show."""

    def part(image: NDArray[np.uint8], down: int, across: int) -> NDArray[np.uint8]:
        return image[max(0, down) : 32 + min(0, down), max(0, across) : 32 + min(0, across)]

    shifts = list(product(range(-reach, reach + 1), repeat=2))
    expected = [
        max(plain_ssim(part(one, *shift), part(other, -shift[0], -shift[1])) for shift in shifts)
        for one, other in zip(FIRST, SECOND, strict=True)
    ]
    assert best_shift_ssim(FIRST, SECOND, reach) == pytest.approx(expected, abs=1e-5)
    assert best_shift_ssim(SECOND, FIRST, reach) == pytest.approx(expected, abs=1e-5)


def test_a_moved_picture_is_the_same_picture() -> None:
    """Two cuts of one picture, two pixels apart, have 1 where shifts are allowed and hardly anything where not."""
    picture = RANDOM.integers(0, 256, (36, 36), np.uint8)
    one, other = picture[np.newaxis, :32, :32], picture[np.newaxis, 2:34, 2:34]
    assert best_shift_ssim(one, other)[0] == pytest.approx(1, abs=1e-5)
    assert best_shift_ssim(one, other, reach=1)[0] < 0.2


def test_flat_images_are_compared_by_their_levels() -> None:
    """Without texture (2 a b + C1) / (a^2 + b^2 + C1) is left."""
    flat = np.full((1, 32, 32), 100, np.uint8)
    expected = (2 * 100 * 50 + 6.5025) / (100**2 + 50**2 + 6.5025)
    assert best_shift_ssim(flat, flat // 2)[0] == pytest.approx(expected, abs=1e-5)
    assert best_shift_ssim(flat, flat)[0] == pytest.approx(1, abs=1e-5)


def test_no_pairs_and_wrong_shapes() -> None:
    """No pairs give no numbers; what cannot be compared is an error that names both shapes."""
    assert best_shift_ssim(FIRST[:0], FIRST[:0]).shape == (0,)
    with pytest.raises(ValueError, match=r"\[P, S, S\] with S >= 9, found \(40, 8, 8\)"):
        best_shift_ssim(FIRST[:, :8, :8], SECOND[:, :8, :8])
