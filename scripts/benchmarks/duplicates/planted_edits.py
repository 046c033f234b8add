"""Edits of photos as people and web sites make them, each from an image and a random generator to an image."""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFont, ImageOps

Edit = Callable[[Image.Image, np.random.Generator], Image.Image]
SAVED_AT = 95  # JPEG quality of an edited photo, unless quality is the edit


def resized(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """To a half to twice the size."""
    factor = 2 ** random.uniform(-1, 1)
    return image.resize((max(1, round(image.width * factor)), max(1, round(image.height * factor))))


def compressed(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """As JPEG of quality 30 to 95."""
    return Image.open(io.BytesIO(as_jpeg(image, int(random.integers(30, 96)))))


def cropped(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """To 95 % of width and height, anywhere."""
    width, height = round(image.width * 0.95), round(image.height * 0.95)
    left, top = (int(random.integers(0, room + 1)) for room in (image.width - width, image.height - height))
    return image.crop((left, top, left + width, top + height))


def brightened(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """By up to 20 %, or darkened."""
    return ImageEnhance.Brightness(image).enhance(random.uniform(0.8, 1.2))


def contrasted(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """By up to 20 %, more or less."""
    return ImageEnhance.Contrast(image).enhance(random.uniform(0.8, 1.2))


def watermarked(image: Image.Image, _: np.random.Generator) -> Image.Image:
    """With a half transparent line of text over its middle, as wide as half the image."""
    layer = Image.new("RGBA", image.size)
    size = max(8, image.width // 10)
    ImageDraw.Draw(layer).text(
        (image.width // 2, image.height // 2), "WATERMARK", (255, 255, 255, 128), ImageFont.load_default(size), "mm"
    )
    return Image.alpha_composite(image.convert("RGBA"), layer).convert("RGB")


def greyscale(image: Image.Image, _: np.random.Generator) -> Image.Image:
    """Without colour."""
    return image.convert("L").convert("RGB")


def bordered(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """With a white or black border of 3 % of its longer side."""
    colour = (255, 255, 255) if random.random() < 0.5 else (0, 0, 0)
    return ImageOps.expand(image, max(1, round(0.03 * max(image.size))), colour)


def mirrored(image: Image.Image, _: np.random.Generator) -> Image.Image:
    """Left becomes right."""
    return ImageOps.mirror(image)


EDITS: dict[str, Edit] = {
    "resized to 0.5 to 2": resized,
    "JPEG quality 30 to 95": compressed,
    "cropped to 95 %": cropped,
    "brightness +-20 %": brightened,
    "contrast +-20 %": contrasted,
    "watermark": watermarked,
    "greyscale": greyscale,
    "border of 3 %": bordered,
    "mirrored": mirrored,
}

IN_SCOPE = tuple(name for name in EDITS if name not in ("border of 3 %", "mirrored"))
"""What find_duplicates is there to find: a border shrinks the picture by more than the shifts that are tried."""


def as_jpeg(image: Image.Image, quality: int = SAVED_AT) -> bytes:
    """A file of this image."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()
