"""Perceptual hashes against SciPy's cosine transform, and what they are there for."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from scipy.fft import dctn  # type: ignore[import-untyped]

from imagelake.measures.perceptual_hash import hash_distance, perceptual_hashes

GREY = np.random.default_rng(3).integers(0, 256, (50, 32, 32), np.uint8)


def test_bits_are_the_lowest_frequencies_above_their_median() -> None:
    """Each hash is that of SciPy's orthonormal transform, its first bit the highest."""
    for grey, found in zip(GREY, perceptual_hashes(GREY), strict=True):
        lowest = dctn(grey.astype(float), norm="ortho")[:8, :8].ravel()
        bits = "".join("1" if value > np.median(lowest) else "0" for value in lowest)
        assert int(bits, 2) == int(found) % 2**64


def test_distance_counts_bits() -> None:
    """Distances are the ones in the exclusive or, the sign bit included."""
    hashes = np.array([0, -1, 5, -(2**63)], np.int64)
    assert hash_distance(hashes, np.zeros(4, np.int64)).tolist() == [0, 64, 2, 1]


@pytest.mark.parametrize("level", [0, 77, 255])
def test_flat_images_have_one_hash(level: int) -> None:
    """No rounding error decides a bit: what is not the mean is zero, and not above the median."""
    (found,) = perceptual_hashes(np.full((1, 32, 32), level, np.uint8))
    assert found in (0, np.int64(-(2**63)))


def test_brighter_and_smaller_pictures_keep_theirs() -> None:
    """A smooth picture, enlarged or brightened, differs in a few bits; another one in about half of them."""
    smooth = [np.asarray(Image.fromarray(grey[:6, :6]).resize((64, 64), Image.Resampling.BICUBIC)) for grey in GREY[:2]]
    small = [np.asarray(Image.fromarray(picture).resize((32, 32))) for picture in smooth]
    brighter = [np.clip(picture.astype(int) * 11 // 10 + 5, 0, 255).astype(np.uint8) for picture in small]
    first, other = perceptual_hashes(np.stack(small))
    (bright,) = perceptual_hashes(np.stack(brighter[:1]))
    assert hash_distance(np.array([first]), np.array([bright]))[0] <= 6
    assert hash_distance(np.array([first]), np.array([other]))[0] >= 16
