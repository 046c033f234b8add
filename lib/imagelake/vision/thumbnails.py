"""Small JPEGs for pages that show images."""

import io

from PIL import Image

from imagelake.vision.decode import decode_image
from imagelake.vision.limits import Limits

_QUALITY = 85


def thumbnail(content: bytes | None, side: int, limits: Limits) -> bytes:
    """The upright image as a JPEG without metadata whose longer side is at most `side` pixels; never enlarged.

    Raises:
        ImageError: with one of the documented reasons; nothing else.
    """
    image = decode_image(content, limits, min_side=side)
    scale = min(1.0, side / max(image.size))
    small = image.resize(
        (max(1, round(image.width * scale)), max(1, round(image.height * scale))), Image.Resampling.BILINEAR
    )
    file = io.BytesIO()
    small.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
