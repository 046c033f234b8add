"""Scenery behind the animals: where each lives, painted small and enlarged so that it lies out of focus."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .decor import DECOR
from .habitats import HABITATS, HOMES, Habitat
from .palettes import Colour

_LONG_SIDE = 240  # of the painting before it is enlarged


@dataclass(frozen=True, slots=True)
class Scene:
    """A background and the facts that the animal in front of it needs.

    Attributes:
        image: RGB.
        horizon: share of the height above which there is sky.
        ambient: factor a channel by which the light colours the animal.
        ground: colour of the ground, for the plants in front.
    """

    image: Image.Image
    horizon: float
    ambient: Colour
    ground: Colour


def paint_scene(label: str, size: tuple[int, int], rng: np.random.Generator) -> Scene:
    """A background for an animal: one of its homes, or now and then any place at all, as in a zoo."""
    names = HOMES[label] if rng.random() < 0.88 else tuple(HABITATS)
    habitat = HABITATS[names[int(rng.integers(len(names)))]]
    width, height = size
    ratio = min(1.0, _LONG_SIDE / max(size))
    small = (max(8, round(width * ratio)), max(8, round(height * ratio)))
    horizon = float(rng.uniform(0.42, 0.68))
    image = _gradients(habitat, small, horizon, rng)
    ink = ImageDraw.Draw(image)
    for name in habitat.decor:
        DECOR[name](ink, small, horizon, rng)
    blur = float(rng.choice([0.6, 1.2, 2.4]))
    image = image.filter(ImageFilter.GaussianBlur(blur)).resize(size, Image.Resampling.BILINEAR)
    return Scene(image, horizon, habitat.ambient, habitat.ground[1])


def _gradients(habitat: Habitat, size: tuple[int, int], horizon: float, rng: np.random.Generator) -> Image.Image:
    """Sky and ground, each from one colour to another, with blotches of light."""
    height = size[1]
    zenith, skyline = habitat.sky[int(rng.integers(len(habitat.sky)))]
    y = np.linspace(0, 1, height)[:, None]
    sky = np.asarray(zenith) + (np.asarray(skyline) - np.asarray(zenith)) * np.clip(y / horizon, 0, 1)
    far, near = (np.asarray(colour) for colour in habitat.ground)
    land = far + (near - far) * np.clip((y - horizon) / (1 - horizon), 0, 1)
    rows = np.where(y < horizon, sky, land)[:, None, :] * rng.uniform(0.85, 1.08) + rng.normal(0, 5, 3)
    pixels = rows + _blotches(size, rng)[..., None] * np.where(y < horizon, 4, 13)[:, None, :]
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8), "RGB")


def _blotches(size: tuple[int, int], rng: np.random.Generator) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Soft noise [H, W] on two scales, wider than high as ground looks from the side."""
    total = np.zeros((size[1], size[0]), dtype=np.float32)
    for cell in (28, 7):
        grid = rng.standard_normal((max(2, size[1] * 2 // cell), max(2, size[0] // cell)), dtype=np.float32)
        total += np.asarray(Image.fromarray(grid).resize(size, Image.Resampling.BILINEAR), dtype=np.float32)
    return total
