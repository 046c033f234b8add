"""Damages to photos in eight kinds and up to three strengths, each from an image to an image."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterator

import numpy as np
import pandas as pd
from PIL import Image, ImageEnhance, ImageFilter

Damage = Callable[[Image.Image, float], Image.Image]
SAVED_AT = 90  # JPEG quality of every photo, the undamaged ones too, unless quality is the damage
ORIGINAL = "original"


def blur(image: Image.Image, radius: float) -> Image.Image:
    """By a Gaussian of so many pixels."""
    return image.filter(ImageFilter.GaussianBlur(radius))


def jpeg(image: Image.Image, quality: float) -> Image.Image:
    """Nothing to its pixels yet: `damaged` saves it with this quality."""
    assert 0 < quality < SAVED_AT
    return image


def brightness(image: Image.Image, factor: float) -> Image.Image:
    """All levels times a factor."""
    return ImageEnhance.Brightness(image).enhance(factor)


def contrast(image: Image.Image, factor: float) -> Image.Image:
    """All differences from the mean level times a factor."""
    return ImageEnhance.Contrast(image).enhance(factor)


def noise(image: Image.Image, deviation: float) -> Image.Image:
    """Gaussian noise of so many levels, the same for equal images."""
    pixels = np.asarray(image, np.float32)
    draw = np.random.default_rng(int(pixels.sum()) % 2**32)
    noisy = pixels + draw.normal(0, deviation, pixels.shape)
    return Image.fromarray(np.clip(np.rint(noisy), 0, 255).astype(np.uint8))


def greyscale(image: Image.Image, _: float) -> Image.Image:
    """Without colour, as a file of one channel."""
    return image.convert("L")


def downscale(image: Image.Image, factor: float) -> Image.Image:
    """To a part of width and height."""
    return image.resize((max(8, round(image.width * factor)), max(8, round(image.height * factor))))


def crop(image: Image.Image, part: float) -> Image.Image:
    """To the middle part of width and height."""
    width, height = round(image.width * part), round(image.height * part)
    left, top = (image.width - width) // 2, (image.height - height) // 2
    return image.crop((left, top, left + width, top + height))


DAMAGES: dict[str, tuple[Damage, tuple[float, ...]]] = {
    "blur": (blur, (1, 2, 4)),
    "jpeg": (jpeg, (30, 15, 7)),
    "brightness": (brightness, (0.6, 0.4, 0.25)),
    "contrast": (contrast, (0.6, 0.4, 0.2)),
    "noise": (noise, (10, 25, 50)),
    "greyscale": (greyscale, (0,)),
    "downscale": (downscale, (0.5, 0.25, 0.125)),
    "crop": (crop, (0.7, 0.5, 0.35)),
}

LOOKS = {
    "blur": {"blurred"},
    "jpeg": {"more compressed"},
    "brightness": {"darker"},
    "contrast": {"flatter, of less contrast"},
    "noise": {"noisier or sharper", "less compressed or noisier"},
    "greyscale": {"without colour"},
    "downscale": {"smaller: scaled down or cropped"},
    "crop": {"smaller: scaled down or cropped"},
}
"""What the hypothesis on damage rightly says of each kind."""

Version = tuple[str, str, float]
"""A version's name, kind and strength."""

VERSIONS: list[Version] = [
    (f"{kind}_{number}", kind, float(strength))
    for kind, (_, strengths) in DAMAGES.items()
    for number, strength in enumerate(strengths, 1)
]
"""All damaged ones, the weakest of each kind first."""


def damaged(photo: bytes, kind: str, strength: float) -> bytes:
    """The file of a photo, damaged."""
    image = Image.open(io.BytesIO(photo)).convert("RGB")
    changed = image if kind == ORIGINAL else DAMAGES[kind][0](image, strength)
    return saved(changed, int(strength) if kind == "jpeg" else SAVED_AT)


def saved(image: Image.Image, quality: int) -> bytes:
    """A file of this image."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return file.getvalue()


def damaged_rows(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """One row a photo and version, with its file and what a look at that tells."""
    for batch in batches:
        rows = []
        for one in batch.to_dict("records"):
            content = damaged(one["content"], one["kind"], one["strength"])
            image = Image.open(io.BytesIO(content))
            digest = hashlib.sha256(content).hexdigest()
            rows.append((f"{one['version']}:{one['name']}", one["version"], content, digest, *image.size, image.mode,
                         len(content)))  # fmt: skip
        yield pd.DataFrame(
            rows, columns=["image_id", "split", "content", "sha256", "width", "height", "mode", "byte_size"]
        )
