"""Pictures of animals: a scene, one or more animals in it, what hides part of them, and what a camera does to it all.

Everything is drawn at random from (seed, index, label) alone, so any picture can be drawn again without the others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from imagelake.samples.painting.labels import LABEL_NAMES, label_number

from .backgrounds import Scene, paint_scene
from .camera import photographed
from .foreground import hide_a_little
from .raster import PixelBox, Placement, cut_out, frame_of, lit, place
from .views import Anchor, View, choose_view, paint

_CANVAS = 720  # longest side in pixels at which a scene is drawn; larger pictures are enlarged afterwards
_SHAPES = ((4, 3), (3, 2), (1, 1), (3, 4), (2, 3), (16, 9))
_SHAPE_SHARES = (0.34, 0.24, 0.14, 0.14, 0.08, 0.06)
# Shares of the pictures whose longer side lies in these ranges of pixels.
_SIZES = ((0.06, 64, 160), (0.86, 200, 600), (0.06, 600, 1200), (0.02, 1200, 3000))


@dataclass(frozen=True, slots=True)
class Box:
    """Where one animal is, as shares of the picture's width and height, and whether the edge cuts it off."""

    x_min: float
    x_max: float
    y_min: float
    y_max: float
    truncated: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A picture and what it shows: the label, a box for each animal (nearest first), and whether plants hide a part."""

    image: Image.Image
    label: str
    boxes: tuple[Box, ...]
    occluded: bool


def draw_animal(label: str, seed: int, index: int) -> Image.Image:
    """An RGB picture of an animal; its size, too, follows from (seed, index, label).

    Raises:
        ImageLakeError: the label is not one of ``LABELS``.
    """
    return draw(label, seed, index).image


def training_images(count: int, seed: int) -> Iterator[tuple[Image.Image, str]]:
    """``count`` pictures with their labels, the labels in turn. The n-th does not depend on how many follow.

    A lake of the same seed may hold some of these very pictures: train with another seed than that of the lake.
    """
    for index in range(count):
        label = LABEL_NAMES[index % len(LABEL_NAMES)]
        yield draw_animal(label, seed, index), label


def draw(label: str, seed: int, index: int) -> Drawing:
    """A picture with the boxes of its animals.

    Raises:
        ImageLakeError: the label is not one of ``LABELS``.
    """
    rng = np.random.default_rng([seed, index, label_number(label)])
    size = picture_size(rng)
    ratio = min(1.0, _CANVAS / max(size))
    canvas = (max(1, round(size[0] * ratio)), max(1, round(size[1] * ratio)))
    scene = paint_scene(label, canvas, rng)
    boxes = _animals(scene, label, rng)
    occluded = hide_a_little(scene, (boxes[0].x_min, boxes[0].x_max), rng)
    image = photographed(scene.image, rng)
    return Drawing(image if canvas == size else image.resize(size, Image.Resampling.BICUBIC), label, boxes, occluded)


def picture_size(rng: np.random.Generator) -> tuple[int, int]:
    """Width and height in pixels, between 64 and 3,000, most between 200 and 600 on the longer side."""
    shares = np.array([share for share, _, _ in _SIZES])
    _, low, high = _SIZES[int(rng.choice(len(_SIZES), p=shares / shares.sum()))]
    across, down = _SHAPES[int(rng.choice(len(_SHAPES), p=_SHAPE_SHARES))]
    longest = low + int((high + 1 - low) * rng.random() ** 1.4)  # the smaller sizes of a range are the more frequent
    return max(64, longest * across // max(across, down)), max(64, longest * down // max(across, down))


def _animals(scene: Scene, label: str, rng: np.random.Generator) -> tuple[Box, ...]:
    """Paint the animals, the farthest first; a second or third one stands behind the first."""
    view = choose_view(label, rng)
    count = 1 if view.anchor == "close" else int(rng.choice([1, 2, 3], p=[0.86, 0.1, 0.04]))
    boxes = [_animal(scene, label, view, behind, rng) for behind in reversed(range(count))]
    return tuple(box for box in reversed(boxes) if box is not None)


def _animal(scene: Scene, label: str, view: View, behind: int, rng: np.random.Generator) -> Box | None:
    figure = paint(label, view, rng)
    placement = _placement(figure.bounds(), scene, view.anchor, behind, rng)
    strokes, scenery = place(figure.strokes, placement), place(figure.scenery, placement)
    frame = frame_of(strokes, scene.image.size)
    if frame is None:
        return None
    if view.anchor == "ground":
        _shadow(scene, frame)
    whole = (0, 0, *scene.image.size) if scenery else frame
    sprite = lit(cut_out([*scenery, *strokes], whole), scene.ambient, rng)
    scene.image.paste(sprite, whole[:2], sprite)
    return _box(frame, frame_of(strokes, (10**6, 10**6)) != frame, scene.image.size)


def _placement(
    bounds: tuple[np.ndarray[tuple[int], np.dtype[np.float64]], ...],
    scene: Scene,
    anchor: Anchor,
    behind: int,
    rng: np.random.Generator,
) -> Placement:
    """Scale and place for a figure with these bounds: on the ground, cut off below, or in the air."""
    low, high = bounds
    width, height = scene.image.size
    span = high - low
    share = rng.uniform(0.85, 1.2) if anchor == "close" else rng.uniform(0.5, 0.98) * (0.55**behind)
    scale = share * min(width / span[0], height / span[1])
    flip, degrees = bool(rng.random() < 0.5), float(rng.normal(0, 6 if anchor == "air" else 2.5))
    centre = (low + high) / 2 * np.array([-1.0 if flip else 1.0, 1.0])
    slack = np.maximum(0, np.array([width, height]) - span * scale) / 2
    drift = rng.uniform(-0.9, 0.9, 2) * slack + rng.normal(0, 0.03, 2) * scale
    x, y = np.array([width, height]) / 2 + drift - centre * scale
    if anchor == "ground":
        feet = height * min(0.99, max(scene.horizon + 0.1, rng.uniform(0.8, 0.97)) - 0.12 * behind)
        y = feet - high[1] * scale
    if anchor == "close":
        y = height * 1.02 - high[1] * scale
    return Placement(float(scale), (float(x), float(y)), flip, degrees)


def _box(frame: PixelBox, truncated: bool, size: tuple[int, int]) -> Box:
    (left, upper, right, lower), (width, height) = frame, size
    return Box(left / width, right / width, upper / height, lower / height, truncated)


def _shadow(scene: Scene, frame: PixelBox) -> None:
    """A soft dark ellipse under the feet, painted small and enlarged."""
    left, _, right, lower = frame
    width, half = right - left, max(4, (right - left) // 12)
    mask = Image.new("L", (48, 16))
    ImageDraw.Draw(mask).ellipse((5, 4, 42, 11), fill=120)
    mask = mask.filter(ImageFilter.GaussianBlur(1.6)).resize((width + width // 4, 2 * half), Image.Resampling.BILINEAR)
    scene.image.paste((24, 22, 20), (left - width // 8, lower - half - half // 5), mask)
