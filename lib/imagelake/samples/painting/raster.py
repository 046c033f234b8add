"""From outlines to pixels: where a figure stands in the picture, its edges smoothed, lit from above."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from .palettes import Colour, ink_of
from .shapes import Points, rotated

_OVERSAMPLING = 2
PixelBox = tuple[int, int, int, int]  # left, upper, right, lower
Sprite = NDArray[np.uint8]  # [H, W, 4]
Field = NDArray[np.float32]  # [H, W]


@dataclass(frozen=True, slots=True)
class Placement:
    """How figure units become pixels: turn, mirror, scale, then shift."""

    scale: float
    shift: tuple[float, float]
    flip: bool
    degrees: float

    def pixels(self, points: Points) -> Points:
        """Pixel coordinates [N, 2] of points in the figure's units."""
        turned = rotated(points, self.degrees)
        mirror = np.array([-1.0 if self.flip else 1.0, 1.0])
        return np.asarray(turned * mirror * self.scale + np.asarray(self.shift))


def place(strokes: list[tuple[Points, Colour]], placement: Placement) -> list[tuple[Points, Colour]]:
    """The strokes in pixels."""
    if not strokes:
        return []
    ends = np.cumsum([len(outline) for outline, _ in strokes])[:-1]
    moved = np.split(placement.pixels(np.concatenate([outline for outline, _ in strokes])), ends)
    return list(zip(moved, (colour for _, colour in strokes), strict=True))


def frame_of(strokes: list[tuple[Points, Colour]], size: tuple[int, int]) -> PixelBox | None:
    """The smallest pixel box about the strokes that lies within the picture; None when they lie outside."""
    points = np.concatenate([outline for outline, _ in strokes])
    left, upper = np.maximum(np.floor(points.min(0)), 0).astype(int)
    right, lower = np.minimum(np.ceil(points.max(0)), size).astype(int)
    return (int(left), int(upper), int(right), int(lower)) if right - left > 1 and lower - upper > 1 else None


def cut_out(strokes: list[tuple[Points, Colour]], frame: PixelBox) -> Sprite:
    """The strokes as uint8 [H, W, 4] (red, green, blue, opacity) of the frame's size, with smooth edges."""
    left, upper, right, lower = frame
    # CMYK stands for "four plain bands": reducing RGBA would weight colours by opacity at three times the cost and
    # look the same, because what is transparent has the colour of the outlines.
    canvas = Image.new("CMYK", ((right - left) * _OVERSAMPLING, (lower - upper) * _OVERSAMPLING), (44, 36, 32, 0))
    draw = ImageDraw.Draw(canvas)
    corner = np.array([left, upper])
    for outline, colour in strokes:
        fill = (*ink_of(colour), 255)
        draw.polygon(((outline - corner) * _OVERSAMPLING).ravel().tolist(), fill=fill)
    return np.asarray(canvas.reduce(_OVERSAMPLING))


def lit(sprite: Sprite, ambient: Colour, rng: np.random.Generator) -> Image.Image:
    """The sprite as RGBA with light from above, a fine grain, and the colour of the scene's light (1 is neutral)."""
    height, width, _ = sprite.shape
    half = (max(8, width // 2), max(8, height // 2))
    gain = 1 + 0.42 * _relief(Image.fromarray(sprite[..., 3]), half) + 0.16 * _grain(half, rng)
    gain = np.asarray(Image.fromarray(gain).resize((width, height), Image.Resampling.BILINEAR))
    pixels = np.empty_like(sprite)
    for band, light in enumerate(ambient):
        pixels[..., band] = np.minimum(sprite[..., band] * (gain * np.float32(light)), 255)
    pixels[..., 3] = sprite[..., 3]
    return Image.fromarray(pixels, "RGBA")


def _relief(opacity: Image.Image, size: tuple[int, int]) -> Field:
    """Brightness [H, W] from about -1 to 1 of a soft, raised shape that is lit from above left."""
    small = (max(4, size[0] // 2), max(4, size[1] // 2))
    radius = max(1.0, min(small) / 9)
    soft = np.asarray(
        opacity.resize(small, Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(radius)), dtype=np.float32
    )
    down, right = np.gradient(soft / np.float32(255))
    slope = np.clip((down * 0.85 + right * 0.4) * radius * 1.6, -1, 1)
    return np.asarray(Image.fromarray(slope.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))


def _grain(size: tuple[int, int], rng: np.random.Generator) -> Field:
    """Noise [H, W] from -0.5 to 0.5 that is drawn out along the rows, like hair."""
    coarse = rng.random((size[1], max(2, size[0] // 2)), dtype=np.float32) - np.float32(0.5)
    return np.asarray(Image.fromarray(coarse).resize(size, Image.Resampling.BILINEAR))
