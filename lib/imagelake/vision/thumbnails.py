"""Small JPEGs for pages that show images."""

import io

from PIL import Image

from imagelake.vision.decode import Decoded, decode_image
from imagelake.vision.limits import Limits

_QUALITY = 85


def thumbnail(content: bytes | None, side: int, limits: Limits) -> bytes:
    """The upright image as a JPEG without metadata whose longer side is at most `side` pixels; never enlarged.

    Raises:
        ImageError: with one of the documented reasons; nothing else.
    """
    return thumbnail_of(decode_image(content, limits, min_side=side), side)


def thumbnail_of(decoded: Decoded, side: int) -> bytes:
    """The thumbnail of an image that has been decoded already."""
    image = decoded.image
    scale = min(1.0, side / max(image.size))
    size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
    file = io.BytesIO()
    decoded.upright(image.resize(size, Image.Resampling.BILINEAR)).save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
