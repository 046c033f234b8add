"""The one preprocessing: whatever reaches a network of this project has come through here."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagelake.vision.decode import decode_image
from imagelake.vision.limits import Limits

Framing = Literal["crop", "squeeze"]
"""crop: the standard ImageNet evaluation, which loses the margins. squeeze: the whole image, which loses its shape."""

_DECODE_FACTOR = 2
"""A JPEG is decoded to no less than twice the model's input, so that our own filter does the last halving."""

_MAX_ASPECT = 4


@dataclass(frozen=True)
class InputSettings:
    """How an image becomes a network's input.

    Attributes:
        size: pixels of the input's side.
        framing: crop or squeeze.
        limits: what one image may cost.
        scaled_decode: let JPEGs be decoded at a reduced scale, at least twice `size` on the shorter side.
    """

    size: int
    framing: Framing = "crop"
    limits: Limits = field(default_factory=Limits)
    scaled_decode: bool = True


def prepare(content: bytes | None, settings: InputSettings) -> NDArray[np.uint8]:
    """An image file as a network's input, uint8 [size, size, 3].

    Raises:
        ImageError: with one of the documented reasons; nothing else.
    """
    min_side = _DECODE_FACTOR * settings.size if settings.scaled_decode else None
    return _framed(decode_image(content, settings.limits, min_side), settings.size, settings.framing)


def resize_for_model(pixels: NDArray[np.uint8], size: int, framing: Framing) -> NDArray[np.uint8]:
    """RGB pixels uint8 [H, W, 3] as a network's input, uint8 [size, size, 3].

    Bilinear is Pillow's: a triangle filter as wide as the reduction, so that every source pixel counts (what other
    libraries call antialiased bilinear; plain bilinear sampling would skip pixels).

    crop: shorter side to round(size * 256 / 224), longer side in proportion, then the central square.
    squeeze: the whole image to size x size.
    """
    return _framed(Image.fromarray(pixels), size, framing)


def normalise(batch: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Levels 0 to 255 as the network's numbers -1 to 1: x / 127.5 - 1, of the same shape."""
    scaled = np.divide(batch, np.float32(127.5), dtype=np.float32)
    return np.subtract(scaled, np.float32(1), out=scaled)


def _framed(image: Image.Image, size: int, framing: Framing) -> NDArray[np.uint8]:
    if framing == "squeeze":
        return np.asarray(image.resize((size, size), Image.Resampling.BILINEAR))
    if framing == "crop":
        return np.asarray(_central_square(image, size))
    raise ValueError(f"unknown framing {framing!r}: crop or squeeze")


def _central_square(image: Image.Image, size: int) -> Image.Image:
    # Pillow's resize could take the central box at once, a third faster, but it keeps the box as 32-bit floats, which
    # turns one level in ten by one and with it the class of a doubtful image.
    image = _trimmed(image)
    scale = round(size * 256 / 224) / min(image.size)
    width, height = (max(size, round(side * scale)) for side in image.size)
    left, top = (width - size) // 2, (height - size) // 2
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    return resized.crop((left, top, left + size, top + size))


def _trimmed(image: Image.Image) -> Image.Image:
    """The central part of a very long image, of which the crop keeps a square: else 65535 x 1 would grow to 17 GB."""
    longest = _MAX_ASPECT * min(image.size)
    if max(image.size) <= longest:
        return image
    width, height = (min(side, longest) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))
