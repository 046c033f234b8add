"""What a camera does to a scene: exposure, colour cast, focus and sensor noise."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageFilter


def photographed(image: Image.Image, rng: np.random.Generator) -> Image.Image:
    """Exposure, contrast and colour cast; sometimes out of focus; always a little sensor noise."""
    contrast, light = rng.uniform(0.78, 1.18), rng.normal(0, 12)
    cast = rng.normal(1, 0.03, 3)
    ramp = np.arange(256)
    table = np.concatenate([np.clip((ramp - 128) * contrast * gain + 128 + light, 0, 255) for gain in cast])
    image = image.point(table.astype(np.uint8).tolist())
    if rng.random() < 0.1:
        image = image.filter(ImageFilter.BoxBlur(max(image.size) / 320))
    return _noisy(image, int(rng.choice([3, 7, 14, 24], p=[0.4, 0.35, 0.18, 0.07])), rng)


def _noisy(image: Image.Image, spread: int, rng: np.random.Generator) -> Image.Image:
    noise = rng.integers(-spread, spread + 1, (image.height, image.width, 1), dtype=np.int8)
    pixels = np.asarray(image).astype(np.int16) + noise
    return Image.fromarray(np.clip(pixels, 0, 255, out=pixels).astype(np.uint8), "RGB")
