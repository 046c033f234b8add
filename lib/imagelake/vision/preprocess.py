"""The preprocessing of all images for networks."""

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from imagelake.vision.decode import Decoded, decode_image
from imagelake.vision.limits import Limits

Framing = Literal["crop", "squeeze"]
"""crop: the standard ImageNet evaluation, which loses the margins. squeeze: the whole image, which loses its shape."""

_DECODE_FACTOR = 3
"""A JPEG decoded at a reduced scale keeps at least three times the model's input, for our own filter to reduce.

Classes are a delicate measure. Of 301 animals MobileNet v1 1.0 224 gives 1 another best class when 1 % of an input's
levels move by one, 3 when 5 % do and 7 when 20 % do; a scaled decode moves more. So it is not the default: none keeps
99.5 % of the classes of the full decode. On 400 animals enlarged to just the size from which JPEGs are halved:

| kept | of full decode and resize | same best class, crop and squeeze | mean difference of levels | mean cosine |
|---|---|---|---|---|
| 2 x input | 48 % of 9 ms | 94.8 %, 98.3 % | 0.48, 0.30 | 0.9994 |
| 3 x input | 45 % of 19 ms | 97.8 %, 99.0 % | 0.22, 0.18 | 0.9998 |
| 4 x input | 41 % of 33 ms | 97.8 %, 99.3 % | 0.16, 0.13 | 0.9998 |
"""

_MAX_ASPECT = 4


@dataclass(frozen=True)
class InputSettings:
    """How an image becomes a network's input.

    Attributes:
        size: pixels of the input's side.
        framing: crop or squeeze.
        limits: what one image may cost.
        scaled_decode: let JPEGs be decoded at a reduced scale, at least three times `size` on the shorter side: half
            the time for large photos, another best class for 1 to 2 % of them.
    """

    size: int
    framing: Framing = "crop"
    limits: Limits = field(default_factory=Limits)
    scaled_decode: bool = False


def prepare(content: bytes | None, settings: InputSettings) -> NDArray[np.uint8]:
    """An image file as a network's input, uint8 [size, size, 3].

    Raises:
        ImageError: with one of the documented reasons; nothing else.
    """
    return prepare_sides(content, settings, (settings.size,))[0]


def prepare_sides(
    content: bytes | None, settings: InputSettings, sides: tuple[int, ...]
) -> tuple[NDArray[np.uint8], ...]:
    """An image file, decoded once, as the inputs of networks of these sides.

    Raises:
        ImageError: with one of the documented reasons; nothing else.
    """
    decoded = decode_for(content, settings, sides)
    return tuple(frame(decoded, side, settings.framing) for side in sides)


def decode_for(content: bytes | None, settings: InputSettings, sides: tuple[int, ...]) -> Decoded:
    """An image file, decoded as large as networks of these sides need it.

    Raises:
        ImageError: with one of the documented reasons; nothing else.
    """
    min_side = _DECODE_FACTOR * max(sides) if settings.scaled_decode else None
    return decode_image(content, settings.limits, min_side)


def resize_for_model(pixels: NDArray[np.uint8], size: int, framing: Framing) -> NDArray[np.uint8]:
    """Upright RGB pixels uint8 [H, W, 3] as a network's input, uint8 [size, size, 3]; see `frame`."""
    image = Image.fromarray(pixels)
    return frame(Decoded(image, image.size, 1), size, framing)


def frame(decoded: Decoded, size: int, framing: Framing) -> NDArray[np.uint8]:
    """A decoded image as a network's input, upright uint8 [size, size, 3].

    Bilinear is Pillow's: a triangle filter as wide as the reduction, so that every source pixel counts (what other
    libraries call antialiased bilinear; plain bilinear sampling would skip pixels).

    crop: shorter side to round(size * 256 / 224), longer side in proportion, then the central square.
    squeeze: the whole image to size x size.

    Raises:
        ValueError: for an unknown framing.
    """
    if framing == "squeeze":
        return np.asarray(decoded.upright(_resized(decoded, (size, size))))
    if framing == "crop":
        return np.asarray(_central_square(_trimmed(decoded), size))
    raise ValueError(f"unknown framing {framing!r}: crop or squeeze")


def normalise(batch: NDArray[np.uint8], out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
    """Levels 0 to 255 as the network's numbers -1 to 1: x / 127.5 - 1, of the same shape, in `out` where given."""
    scaled = np.divide(batch, np.float32(127.5), out=out, dtype=np.float32)
    return np.subtract(scaled, np.float32(1), out=scaled)


def _resized(decoded: Decoded, size: tuple[int, int]) -> Image.Image:
    return decoded.image.resize(size, Image.Resampling.BILINEAR, box=(0, 0, *decoded.extent))


def _central_square(decoded: Decoded, size: int) -> Image.Image:
    # Pillow's resize could take the central box at once, a third faster, but it keeps a box as 32-bit floats, which
    # moves one level in ten by one and with it the class of a doubtful image.
    scale = round(size * 256 / 224) / min(decoded.extent)
    width, height = (max(size, round(side * scale)) for side in decoded.extent)
    image = decoded.upright(_resized(decoded, (width, height)))
    left, top = (image.width - size) // 2, (image.height - size) // 2
    return image.crop((left, top, left + size, top + size))


def _trimmed(decoded: Decoded) -> Decoded:
    """The central part of a very long image, of which the crop keeps a square: else 65535 x 1 would grow to 17 GB."""
    image = decoded.image
    longest = _MAX_ASPECT * min(image.size)
    if max(image.size) <= longest:
        return decoded
    width, height = (min(side, longest) for side in image.size)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return Decoded(image.crop((left, top, left + width, top + height)), (width, height), decoded.orientation)
