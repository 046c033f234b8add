"""Bytes to upright RGB pixels, for every mode that Pillow opens."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from imagelake.vision.errors import ImageError
from imagelake.vision.header import stored_orientation
from imagelake.vision.jpeg import JPEG_FORMATS, ends_early
from imagelake.vision.limits import Limits
from imagelake.vision.opening import opened

BACKGROUND = (255, 255, 255)
"""RGB of what shows through transparent pixels: white, as on the page that most of them were drawn for."""

_BAND_PIXELS = 1_000_000  # of 8 bytes while wide grey values are scaled

_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


@dataclass(frozen=True, eq=False)
class Decoded:
    """An image in memory, as stored. Images made from it are turned upright instead: small ones turn faster.

    Attributes:
        image: RGB, before the EXIF orientation is applied.
        extent: width and height of the picture in pixels of `image`: its size, less a fraction of a pixel where a
            JPEG was decoded at a scale that does not divide its sides.
        orientation: EXIF, 1 to 8.
        scaled: whether a JPEG was decoded at a reduced scale, so that these are not its own pixels.
    """

    image: Image.Image
    extent: tuple[float, float]
    orientation: int
    scaled: bool = False

    def pixels(self) -> NDArray[np.uint8]:
        """Upright RGB pixels [H, W, 3]."""
        return np.asarray(self.upright(self.image))

    def upright(self, image: Image.Image) -> Image.Image:
        """Turns an image that was made of this one, cropped or resized, upright."""
        return image.transpose(_UPRIGHT[self.orientation]) if self.orientation in _UPRIGHT else image


def decode(content: bytes | None, limits: Limits, min_side: int | None = None) -> NDArray[np.uint8]:
    """Decodes an image to upright RGB pixels [H, W, 3]: `decode_image(...).pixels()`, with its arguments and errors."""
    return decode_image(content, limits, min_side).pixels()


def decode_image(content: bytes | None, limits: Limits, min_side: int | None = None) -> Decoded:
    """Decodes an image of any mode to RGB, the first frame of an animation.

    Modes: 16-bit grey is scaled by 1/257, 32-bit and float grey to a white point (see `_white_point`), colours of 16
    bits keep their upper 8; transparency is composed on `BACKGROUND`; CMYK is converted without its colour profile.

    Args:
        content: the file's bytes; None counts as empty.
        limits: what the image may cost.
        min_side: pixels. A JPEG may be decoded at a half, quarter or eighth of its size as long as its shorter side
            keeps this many; other formats ignore it. None: full size.

    Raises:
        ImageError: with one of the documented reasons; nothing else.
    """
    with opened(content, limits) as image:
        orientation = stored_orientation(image, content or b"")
        stored = image.size
        reduced = image.draft(None, (min_side, min_side)) if min_side is not None else None
        scaled = image.size != stored
        image.load()
        if image.format in JPEG_FORMATS and ends_early(image, content or b""):
            raise ImageError("truncated", f"the data ends before {image.width} x {image.height} pixels")
        if image.format == "TIFF":
            orientation = 1  # Pillow has turned it while loading
        extent = reduced[1][2:] if reduced else image.size
        return Decoded(_rgb(image), extent, orientation, scaled)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _from_wide_grey(image)
    if image.mode == "LAB":
        return _from_lab(image)
    if image.has_transparency_data:
        return _composed(image)
    return image if image.mode == "RGB" else image.convert("RGB")  # which would copy 52 MB of a 13-megapixel photo


def _bands(image: Image.Image) -> Iterator[tuple[int, Image.Image]]:
    """An image in bands of rows with the first row of each, so that what is made of one does not cost the whole."""
    rows = max(1, _BAND_PIXELS // image.width)
    for top in range(0, image.height, rows):
        yield top, image.crop((0, top, image.width, min(top + rows, image.height)))


def _in_bands(image: Image.Image, convert: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """An RGB image, converted band by band: beside the two images a band is all that is held."""
    converted = Image.new("RGB", image.size)
    for top, band in _bands(image):
        converted.paste(convert(band), (0, top))
    return converted


def _composed(image: Image.Image) -> Image.Image:
    transparency = image.info.get("transparency")

    def on_page(band: Image.Image) -> Image.Image:
        if transparency is not None:
            band.info["transparency"] = transparency
        layer = band.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, BACKGROUND), layer).convert("RGB")

    return _in_bands(image, on_page)


def _from_wide_grey(image: Image.Image) -> Image.Image:
    white = _white_point(max(_largest(np.asarray(band)) for _, band in _bands(image)), image.mode)
    transparent = image.info.get("transparency")
    return _in_bands(image, lambda band: Image.fromarray(_levels(np.asarray(band), white, transparent)).convert("RGB"))


def _from_lab(image: Image.Image) -> Image.Image:
    lab, srgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
    converted = ImageCms.profileToProfile(image, lab, srgb, outputMode="RGB")
    return image.convert("RGB") if converted is None else converted


def _largest(grey: NDArray[Any]) -> float:
    """The largest finite value of a band; 0 where none is positive."""
    return float(np.max(grey, initial=0, where=np.isfinite(grey)))


def _white_point(largest: float, mode: str) -> float:
    """The value that becomes level 255.

    16-bit integers have the white point 65535. 32-bit integers and floats carry none, so it is the first of 1 (floats
    only), 255 (floats only) and 65535 that the largest value does not exceed, and that value itself beyond.
    """
    usual = (1.0, 255.0, 65535.0) if mode.startswith("F") else (65535.0,)
    return next((point for point in usual if largest <= point), largest)


def _levels(grey: NDArray[Any], white: float, transparent: object) -> NDArray[np.uint8]:
    """Grey values [H, W] wider than 8 bits as levels 0 to 255; negative values and NaN are black."""
    values = np.nan_to_num(grey.astype(np.float64), nan=0.0, posinf=0.0, neginf=0.0)
    levels = np.clip(np.rint(values * (255.0 / white)), 0, 255).astype(np.uint8)
    if isinstance(transparent, int):
        levels[grey == transparent] = BACKGROUND[0]
    return levels
