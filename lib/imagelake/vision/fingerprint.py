"""What tells copies of a picture: a hash of its pixels, and a thumbnail of fixed size."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagelake.vision.decode import Decoded

SIDE = 32
_BAND_PIXELS = 1_000_000  # that are copied at a time for the hash
_REDUCING_GAP = (
    2.0  # a large image is first reduced by a whole number, to no less than twice the thumbnail: a tenth of the time
)


@dataclass(frozen=True)
class Fingerprint:
    """Of one image.

    Attributes:
        pixel_hash: SHA-256 in hex of width, height and upright RGB pixels; None where the decode was scaled.
        thumbnail: the whole upright image squeezed to 32 x 32 RGB pixels, by rows: 3,072 bytes.
    """

    pixel_hash: str | None
    thumbnail: bytes


def fingerprint_of(decoded: Decoded) -> Fingerprint:
    """The fingerprint of a decoded image."""
    upright = decoded.upright(decoded.image)
    small = upright.resize((SIDE, SIDE), Image.Resampling.BILINEAR, reducing_gap=_REDUCING_GAP)
    return Fingerprint(None if decoded.scaled else _pixel_hash(upright), small.tobytes())


def _pixel_hash(upright: Image.Image) -> str:
    digest = hashlib.sha256(f"{upright.width} {upright.height} ".encode())
    rows = max(1, _BAND_PIXELS // upright.width)
    for top in range(0, upright.height, rows):
        digest.update(upright.crop((0, top, upright.width, min(top + rows, upright.height))).tobytes())
    return digest.hexdigest()


def thumbnail_pixels(thumbnails: bytes) -> NDArray[np.uint8]:
    """Thumbnails of N images, one after the other, as pixels uint8 [N, 32, 32, 3]."""
    return np.frombuffer(thumbnails, np.uint8).reshape(-1, SIDE, SIDE, 3)


def grey_of(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey levels uint8 [N, H, W] of RGB pixels uint8 [N, H, W, 3], by ITU-R BT.601, rounded as Pillow does."""
    weights = np.array([19595, 38470, 7471], np.int32)  # of 65,536
    return np.asarray((pixels.astype(np.int32) @ weights + 0x8000) >> 16, np.uint8)
