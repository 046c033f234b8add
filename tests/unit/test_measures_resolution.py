"""Measures of size against the source's formula and known sizes."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imagelake.measures.resolution import aspect_ratio, bytes_per_pixel, ppi


@pytest.mark.parametrize(("width", "height"), [(224, 224), (1024, 768), (1, 1), (1, 100_000)])
def test_ppi_is_the_formula_it_comes_from(width: int, height: int) -> None:
    """sqrt((w^2 + h^2) / diagonal) with the diagonal in pixels."""
    assert ppi(width, height) == pytest.approx(math.sqrt((width**2 + height**2) / math.hypot(width, height)))


def test_the_input_size_of_the_network_has_ppi_17_8() -> None:
    """The one figure that is published: around 18 for 224 x 224."""
    assert round(ppi(224, 224), 1) == 17.8


def test_ppi_does_not_overflow_32_bit_arrays() -> None:
    """100,000 x 100,000 has squares far above 2^31."""
    side = np.array([100_000, 224], np.int32)
    np.testing.assert_allclose(ppi(side, side), np.sqrt(np.hypot(side.astype(float), side)))


def test_ratios_are_width_over_height_and_bytes_over_pixels() -> None:
    """Landscape is above 1; 300 bytes for 10 x 10 pixels are 3."""
    assert aspect_ratio(1024, 512) == 2
    assert bytes_per_pixel(300, 10 * 10) == 3
