"""Fingerprints: equal pictures have equal ones whatever their files, different pictures have not."""

from __future__ import annotations

import hashlib
import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imagelake.vision.decode import decode_image
from imagelake.vision.fingerprint import fingerprint_of, grey_of, thumbnail_pixels
from imagelake.vision.limits import Limits

PIXELS = np.random.default_rng(1).integers(0, 256, (50, 70, 3), np.uint8)


def encoded(pixels: np.ndarray[Any, Any], form: str, **options: Any) -> bytes:
    """A file of these pixels."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_upright_pixels_are_what_counts(orientation: int) -> None:
    """The same picture as PNG, BMP, or stored turned with its EXIF orientation has the same hash and thumbnail."""
    undo = {2: (1, 0), 3: (0, 2), 4: (1, 2), 5: (1, 1), 6: (0, 1), 7: (1, 3), 8: (0, 3)}.get(orientation, (0, 0))
    stored = np.rot90(np.fliplr(PIXELS) if undo[0] else PIXELS, undo[1])
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = fingerprint_of(decode_image(encoded(stored, "PNG", exif=exif), Limits()))
    plain = fingerprint_of(decode_image(encoded(PIXELS, "BMP"), Limits()))
    assert turned == plain
    assert plain.pixel_hash == hashlib.sha256(b"70 50 " + PIXELS.tobytes()).hexdigest()


def test_shape_and_pixels_make_another_hash() -> None:
    """One level of one pixel, or the same bytes in another shape, are another picture."""
    first = fingerprint_of(decode_image(encoded(PIXELS, "PNG"), Limits())).pixel_hash
    changed = PIXELS.copy()
    changed[0, 0, 0] ^= 1
    for other in (changed, PIXELS.reshape(70, 50, 3)):
        assert fingerprint_of(decode_image(encoded(other, "PNG"), Limits())).pixel_hash != first


def test_a_scaled_decode_has_no_pixel_hash() -> None:
    """Pixels of half the size are not those of the file; a JPEG that was not reduced has its hash."""
    large = encoded(np.tile(PIXELS, (4, 4, 1)), "JPEG")
    assert fingerprint_of(decode_image(large, Limits(), min_side=60)).pixel_hash is None
    assert fingerprint_of(decode_image(large, Limits(), min_side=200)).pixel_hash is not None


def test_thumbnails_are_pixels_again() -> None:
    """An image of 32 x 32 is its own thumbnail; grey is Pillow's."""
    small = PIXELS[:32, :32]
    thumbnail = fingerprint_of(decode_image(encoded(small, "PNG"), Limits())).thumbnail
    (pixels,) = thumbnail_pixels(thumbnail)
    assert np.array_equal(pixels, small)
    assert np.array_equal(grey_of(pixels[np.newaxis])[0], np.asarray(Image.fromarray(small).convert("L")))


def test_large_images_are_reduced_evenly() -> None:
    """The thumbnail of an image of 1,600 x 1,200 has the means of its parts, within two levels."""
    ramp = np.broadcast_to(np.linspace(0, 255, 1600).astype(np.uint8)[:, np.newaxis], (1200, 1600, 3))
    (pixels,) = thumbnail_pixels(fingerprint_of(decode_image(encoded(ramp, "PNG"), Limits())).thumbnail)
    expected = np.linspace(0, 255, 1600).reshape(32, 50).mean(axis=1)
    assert np.abs(pixels.astype(float) - expected[:, np.newaxis]).max() <= 2
