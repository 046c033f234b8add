"""Encoders of pictures: formats, colour modes and EXIF orientations as they occur in a lake."""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from collections.abc import Callable

_LARGE = (
    1200  # longest side in pixels from which only JPEG is used: other formats would take seconds or tens of megabytes
)
_ORIENTATION_TAG = 274

# How the stored pixels differ from the displayed picture: the inverse of what a viewer does for each EXIF orientation.
STORED_BY_ORIENTATION: dict[int, Image.Transpose] = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


@dataclass(frozen=True, slots=True)
class EncodedImage:
    """A file's bytes and what they hold; width and height are those of the stored pixels, before any EXIF turn."""

    data: bytes
    extension: str
    format: str
    mode: str
    width: int
    height: int
    orientation: int = 1


@dataclass(frozen=True, slots=True)
class Flavour:
    """A way to store a picture: how often it occurs, its format and extension, its Pillow mode."""

    weight: float
    format: str
    extension: str
    mode: str


FLAVOURS: tuple[Flavour, ...] = (
    Flavour(68, "JPEG", "jpg", "RGB"),
    Flavour(6, "JPEG", "jpg", "L"),
    Flavour(4, "JPEG", "jpg", "CMYK"),
    Flavour(5, "PNG", "png", "RGB"),
    Flavour(3, "PNG", "png", "RGBA"),
    Flavour(2, "PNG", "png", "P"),
    Flavour(1, "PNG", "png", "L"),
    Flavour(3, "WEBP", "webp", "RGB"),
    Flavour(1.5, "WEBP", "webp", "RGBA"),
    Flavour(3, "GIF", "gif", "P"),
    Flavour(3, "BMP", "bmp", "RGB"),
)


def encode(picture: Image.Image, rng: np.random.Generator) -> EncodedImage:
    """The picture (RGB) stored in a flavour drawn at random; one JPEG in four bears an EXIF orientation."""
    flavours = [flavour for flavour in FLAVOURS if max(picture.size) <= _LARGE or flavour.format == "JPEG"]
    weights = np.array([flavour.weight for flavour in flavours])
    flavour = flavours[int(rng.choice(len(flavours), p=weights / weights.sum()))]
    orientation = int(rng.integers(1, 9)) if flavour.format == "JPEG" and rng.random() < 0.25 else 1
    stored = _MODES[flavour.mode](_turned(picture, orientation))
    data = _ENCODERS[flavour.format](stored, orientation, rng)
    return EncodedImage(data, flavour.extension, flavour.format, flavour.mode, *stored.size, orientation)


def encode_jpeg(picture: Image.Image, quality: int) -> EncodedImage:
    """The picture as a plain baseline JPEG."""
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return EncodedImage(buffer.getvalue(), "jpg", "JPEG", "RGB", *picture.size)


def _turned(picture: Image.Image, orientation: int) -> Image.Image:
    """The pixels as a camera held that way stores them."""
    turn = STORED_BY_ORIENTATION.get(orientation)
    return picture if turn is None else picture.transpose(turn)


def _with_round_corners(picture: Image.Image) -> Image.Image:
    """The picture with transparent corners, as web graphics have them."""
    mask = Image.new("L", picture.size, 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, *picture.size), radius=min(picture.size) // 8, fill=255)
    opaque = picture.copy()
    opaque.putalpha(mask)
    return opaque


_MODES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "RGB": lambda picture: picture,
    "L": lambda picture: picture.convert("L"),
    "CMYK": lambda picture: picture.convert("CMYK"),
    "P": lambda picture: picture.quantize(128, method=Image.Quantize.FASTOCTREE),
    "RGBA": _with_round_corners,
}


def _jpeg(image: Image.Image, orientation: int, rng: np.random.Generator) -> bytes:
    buffer, exif = BytesIO(), Image.Exif()
    if orientation != 1 or rng.random() < 0.1:
        exif[_ORIENTATION_TAG] = orientation
    quality, progressive = int(rng.integers(68, 96)), bool(rng.random() < 0.15)
    image.save(buffer, "JPEG", quality=quality, progressive=progressive, exif=exif)
    return buffer.getvalue()


def _png(image: Image.Image, _orientation: int, _rng: np.random.Generator) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "PNG", compress_level=2)
    return buffer.getvalue()


def _webp(image: Image.Image, _orientation: int, rng: np.random.Generator) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "WEBP", quality=int(rng.integers(60, 95)), method=1)
    return buffer.getvalue()


def _gif(image: Image.Image, _orientation: int, _rng: np.random.Generator) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "GIF", optimize=False)
    return buffer.getvalue()


def _bmp(image: Image.Image, _orientation: int, _rng: np.random.Generator) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "BMP")
    return buffer.getvalue()


_ENCODERS: dict[str, Callable[[Image.Image, int, np.random.Generator], bytes]] = {
    "JPEG": _jpeg,
    "PNG": _png,
    "WEBP": _webp,
    "GIF": _gif,
    "BMP": _bmp,
}
