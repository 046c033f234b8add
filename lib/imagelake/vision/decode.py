"""Bytes to upright RGB pixels, for every mode that Pillow opens."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from imagelake.vision.header import stored_orientation
from imagelake.vision.limits import Limits
from imagelake.vision.opening import opened

BACKGROUND = (255, 255, 255)
"""RGB of what shows through transparent pixels: white, as on the page that most of them were drawn for."""

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(content: bytes | None, limits: Limits, min_side: int | None = None) -> NDArray[np.uint8]:
    """Decodes an image to RGB pixels [H, W, 3], EXIF orientation applied, the first frame of an animation.

    Modes: 16-bit grey is scaled by 1/257, 32-bit and float grey to a white point (see `_levels`), colours of 16 bits
    keep their upper 8; transparency is composed on `BACKGROUND`; CMYK is converted without its colour profile.

    Args:
        content: the file's bytes; None counts as empty.
        limits: what the image may cost.
        min_side: pixels. A JPEG may be decoded at a half, quarter or eighth of its size as long as its shorter side
            keeps this many; other formats ignore it. None: full size.

    Raises:
        ImageError: with one of the documented reasons; nothing else.
    """
    return np.asarray(decode_image(content, limits, min_side))


def decode_image(content: bytes | None, limits: Limits, min_side: int | None = None) -> Image.Image:
    """As `decode`, for what goes on in Pillow: the same pixels as an RGB image."""
    with opened(content, limits) as image:
        orientation = stored_orientation(image, content or b"")
        if min_side is not None:
            image.draft(None, (min_side, min_side))
        image.load()
        return _upright(_rgb(image), 1 if image.format == "TIFF" else orientation)  # Pillow has turned a TIFF already


def _upright(image: Image.Image, orientation: int) -> Image.Image:
    return image.transpose(_UPRIGHT[orientation]) if orientation in _UPRIGHT else image


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return Image.fromarray(_levels(np.asarray(image), image.info.get("transparency"))).convert("RGB")
    if image.mode == "LAB":
        return _from_lab(image)
    if image.has_transparency_data:
        return _composed(image.convert("LA") if image.mode == "La" else image)
    return image.convert("RGB")


def _composed(image: Image.Image) -> Image.Image:
    layer = image.convert("RGBA")
    page = Image.new("RGBA", layer.size, BACKGROUND)
    return Image.alpha_composite(page, layer).convert("RGB")


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return image.convert("RGB") if converted is None else converted


def _levels(grey: NDArray[Any], transparent: object) -> NDArray[np.uint8]:
    """Grey values [H, W] wider than 8 bits as levels 0 to 255: scaled to the white point, never clipped at 255.

    16-bit integers have the white point 65535. 32-bit integers and floats carry none, so it is the first of 1 (floats
    only), 255 (floats only) and 65535 that the largest value does not exceed, and that value itself beyond; negative
    values and NaN are black.
    """
    values = np.nan_to_num(grey.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    usual = (1.0, 255.0, 65535.0) if grey.dtype.kind == "f" else (65535.0,)
    largest = float(values.max(initial=0.0))
    white = next((point for point in usual if largest <= point), largest)
    levels = np.clip(np.rint(values * (255.0 / white)), 0, 255).astype(np.uint8)
    if isinstance(transparent, int):
        levels[grey == transparent] = BACKGROUND[0]
    return levels
