"""Measures of an image's size. Operators only: they take numbers, numpy arrays and Spark columns alike."""

from __future__ import annotations

from typing import Any

Quantity = Any  # a number, a numpy array or a Spark column


def ppi(width: Quantity, height: Quantity) -> Quantity:
    """The square root of the diagonal: sqrt((width^2 + height^2) / diagonal), every length in pixels.

    A physical diagonal is unknown for a photo from the web, so the diagonal is in pixels too and the fraction is the
    diagonal itself. 224 x 224 gives 17.8.
    """
    # Floats first: the squares of large sides leave the range of 32-bit integers.
    return ((1.0 * width) ** 2 + (1.0 * height) ** 2) ** 0.25


def aspect_ratio(width: Quantity, height: Quantity) -> Quantity:
    """Width over height: above 1 for landscape."""
    return width / height


def bytes_per_pixel(byte_size: Quantity, pixels: Quantity) -> Quantity:
    """The file's bytes for each pixel: low for flat pictures and for strong compression."""
    return byte_size / pixels
