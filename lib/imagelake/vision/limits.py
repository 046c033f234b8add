"""Limits of one image's size and decoding time."""

from dataclasses import dataclass

from PIL import Image

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.vision.heif import register_heif

DEFAULT_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "PPM", "AVIF", "HEIF")


@dataclass(frozen=True)
class Limits:
    """Bounds on one image; exceeding one is an `ImageError`, never a crash.

    Attributes:
        max_pixels: stored width times height. Decoding takes 4 to 13 bytes a pixel, by mode.
        max_bytes: length of the file.
        timeout_s: seconds to read and decode one image, checked whenever a decoder reads bytes.
        formats: Pillow's names of the formats to open; Pillow itself registers more than forty.

    Raises:
        ImageLakeError: for a bound that is not positive, above Pillow's own, or an unknown format.
    """

    max_pixels: int = 100_000_000
    max_bytes: int = 64 * 2**20
    timeout_s: float = 20.0
    formats: tuple[str, ...] = DEFAULT_FORMATS

    def __post_init__(self) -> None:
        for name in ("max_pixels", "max_bytes", "timeout_s"):
            if not getattr(self, name) > 0:
                raise ImageLakeError(f"{name} = {getattr(self, name)}: must be positive")
        ceiling = 2 * (Image.MAX_IMAGE_PIXELS or self.max_pixels)
        if self.max_pixels > ceiling:
            raise ImageLakeError(f"max_pixels = {self.max_pixels}: Pillow opens no image of more than {ceiling} pixels")
        _check_formats(self.formats)


def _check_formats(formats: tuple[str, ...]) -> None:
    if not formats:
        raise ImageLakeError(f"no image formats: name at least one, such as {', '.join(DEFAULT_FORMATS)}")
    if set(formats) <= set(DEFAULT_FORMATS):
        return
    register_heif()
    Image.init()  # loads every decoder of Pillow, which takes 0.1 s that the default does not need
    for name in formats:
        if name not in Image.OPEN:
            raise unknown_choice("image format", name, Image.OPEN)
