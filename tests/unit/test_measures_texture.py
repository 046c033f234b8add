"""The measures of grey values against scipy, numpy's own gradient, brute force and drawn images."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from scipy.ndimage import laplace  # type: ignore[import-untyped]
from scipy.stats import entropy as scipy_entropy  # type: ignore[import-untyped]

from imagelake.measures.texture import (
    ROWS_AT_ONCE,
    Texture,
    brightness,
    contrast,
    entropy,
    gradient,
    sharpness,
    texture_of,
)

SHAPES = [(3, 3), (3, 50), (50, 3), (ROWS_AT_ONCE + 2, 40), (ROWS_AT_ONCE + 3, 40), (128, 128), (101, 67)]


def noise(height: int, width: int, *channels: int) -> npt.NDArray[np.uint8]:
    """Random levels, the same for the same shape."""
    return np.random.default_rng(height * 1000 + width).integers(0, 256, (height, width, *channels), dtype=np.uint8)


@pytest.mark.parametrize("shape", SHAPES)
def test_entropy_is_that_of_the_counted_levels(shape: tuple[int, int]) -> None:
    """A count of the levels by hand, given to the second library, has the same bits."""
    grey = noise(*shape)
    counts = list(Counter(grey.ravel().tolist()).values())
    assert entropy(grey) == pytest.approx(scipy_entropy(counts, base=2))


def test_entropy_of_known_images() -> None:
    """A flat image has 0 bits, halves of black and white 1, all levels equally often 8, and no pixels 0."""
    assert math.copysign(1, entropy(np.full((9, 9), 7, np.uint8))) == 1
    assert entropy(np.full((9, 9), 7, np.uint8)) == 0
    assert entropy(np.repeat(np.array([[0, 255]], np.uint8), 4, axis=0)) == 1
    assert entropy(np.arange(256, dtype=np.uint8).reshape(16, 16)) == 8
    assert entropy(np.empty((0, 5), np.uint8)) == 0


@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_is_numpys_on_the_inner_pixels(shape: tuple[int, int]) -> None:
    """The second library's central differences, without its one-sided ones at the edges."""
    grey = noise(*shape)
    down, across = np.gradient(grey.astype(float))
    assert gradient(grey) == pytest.approx(np.hypot(down, across)[1:-1, 1:-1].mean())


def test_gradient_of_known_images() -> None:
    """A ramp of 3 levels down and 4 across has magnitude 5 everywhere; a flat image and one without inside have 0."""
    row, column = np.mgrid[0:30, 0:40]
    assert gradient((3 * row + 4 * column).astype(np.uint8)) == pytest.approx(5)
    assert gradient(np.full((40, 40), 200, np.uint8)) == 0
    assert gradient(noise(2, 100)) == 0
    assert gradient(noise(1, 1)) == 0


def test_a_step_from_black_to_white_does_not_wrap_around() -> None:
    """The largest step there is counts with its full height on the two columns beside it."""
    grey = np.zeros((10, 12), np.uint8)
    grey[:, 6:] = 255
    assert gradient(grey) == pytest.approx(2 * 127.5 / 10)


def test_blurring_lowers_the_gradient() -> None:
    """Of an image and its mean over 4 x 4 pixels the image has the larger gradient."""
    sharp = Image.fromarray(noise(64, 64))
    blurred = sharp.resize((16, 16), Image.Resampling.BOX).resize((64, 64), Image.Resampling.BILINEAR)
    assert gradient(np.asarray(blurred)) < gradient(np.asarray(sharp)) / 4


@pytest.mark.parametrize("shape", SHAPES)
def test_sharpness_is_the_variance_of_scipys_laplacian(shape: tuple[int, int]) -> None:
    """The second library's Laplacian on the inner pixels, of the same variance."""
    grey = noise(*shape)
    assert sharpness(grey) == pytest.approx(laplace(grey.astype(float))[1:-1, 1:-1].var())


def test_blurring_lowers_the_sharpness() -> None:
    """Of an image and its mean over 4 x 4 pixels the image is sharper; what has no inside is not sharp."""
    sharp = Image.fromarray(noise(64, 64))
    blurred = sharp.resize((16, 16), Image.Resampling.BOX).resize((64, 64), Image.Resampling.BILINEAR)
    assert sharpness(np.asarray(blurred)) < sharpness(np.asarray(sharp)) / 100
    assert sharpness(np.full((40, 40), 200, np.uint8)) == sharpness(noise(2, 100)) == 0


def test_brightness_and_contrast_of_known_images() -> None:
    """A flat image has its level and no contrast; halves of black and white have the middle and half the range."""
    halves = np.repeat(np.array([[0, 255]], np.uint8), 4, axis=0)
    assert (brightness(halves), contrast(halves)) == (127.5, 127.5)
    assert (brightness(np.full((9, 9), 7, np.uint8)), contrast(np.full((9, 9), 7, np.uint8))) == (7, 0)
    assert (brightness(np.empty((0, 5), np.uint8)), contrast(np.empty((0, 5), np.uint8))) == (0, 0)


def test_texture_is_that_of_the_luma() -> None:
    """Colours count as grey by 0.299 R + 0.587 G + 0.114 B, rounded."""
    pixels = noise(48, 48, 3)
    luma = np.floor(pixels @ np.array([0.299, 0.587, 0.114]) + 0.5).astype(np.uint8)
    found = texture_of(pixels)
    assert found.entropy == pytest.approx(entropy(luma), abs=0.01)
    assert found[1:4] == pytest.approx((gradient(luma), brightness(luma), contrast(luma)), abs=0.05)
    assert found.sharpness == pytest.approx(sharpness(luma), rel=0.01)
    measures = (entropy, gradient, brightness, contrast, sharpness)
    assert texture_of(np.repeat(luma[..., None], 3, axis=2)) == Texture(*(measure(luma) for measure in measures))
