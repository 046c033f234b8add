"""What stands between the camera and the animal: grass, leaves, the bars of a cage."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import ImageDraw

from .backgrounds import Scene
from .palettes import ink_of, mixed, tinted
from .raster import cut_out, frame_of, lit
from .shapes import Points, curve, rotated

Extent = tuple[float, float]  # where the animal begins and ends, as shares of the picture's width


def hide_a_little(scene: Scene, extent: Extent, rng: np.random.Generator) -> bool:
    """Now and then paint something in front; True if it may hide a part of the animal."""
    kind = str(rng.choice(["none", "grass", "leaves", "bars"], p=[0.55, 0.27, 0.14, 0.04]))
    if kind == "none":
        return False
    _KINDS[kind](scene, extent, rng)
    return True


def _grass(scene: Scene, _extent: Extent, rng: np.random.Generator) -> None:
    """Blades along the lower edge."""
    width, height = scene.image.size
    ink, tall = ImageDraw.Draw(scene.image), height * rng.uniform(0.08, 0.26)
    tone = mixed(scene.ground, (112, 128, 58), float(rng.uniform(0.2, 0.8)))
    for _ in range(70):
        x, blade = rng.uniform(0, width), tall * rng.uniform(0.4, 1.1)
        half, lean = max(1.0, width * 0.004), blade * rng.uniform(-0.4, 0.4)
        outline = [(x - half, height), (x + lean, height - blade), (x + half, height)]
        ink.polygon(outline, fill=ink_of(tinted(tone, rng.uniform(0.6, 1.15))))


def _leaves(scene: Scene, extent: Extent, rng: np.random.Generator) -> None:
    """Large leaves near the edges of the animal or of the picture."""
    width, height = scene.image.size
    for _ in range(int(rng.integers(2, 6))):
        x = (rng.choice([*extent, 0.0, 1.0]) + rng.normal(0, 0.05)) * width
        size = max(width, height) * rng.uniform(0.09, 0.22)
        leaf = rotated(_LEAF, float(rng.uniform(0, 360))) * size + [x, rng.uniform(0, 1) * height]
        _paste_leaf(scene, leaf, rng)


def _paste_leaf(scene: Scene, leaf: Points, rng: np.random.Generator) -> None:
    green = tinted((70, 118, 52), rng.uniform(0.55, 1.15))
    vein = np.concatenate([leaf[:1], leaf[:1] * 0.99 + leaf.mean(0) * 0.01, leaf[len(leaf) // 2 :][:1]])
    core = leaf.mean(0) + (leaf - leaf.mean(0)) * 0.86
    strokes = [(leaf, tinted(green, 0.6)), (core, green), (vein, tinted(green, 0.7))]
    frame = frame_of(strokes, scene.image.size)
    if frame:
        sprite = lit(cut_out(strokes, frame), scene.ambient, rng)
        scene.image.paste(sprite, frame[:2], sprite)


def _bars(scene: Scene, _extent: Extent, rng: np.random.Generator) -> None:
    width, height = scene.image.size
    ink = ImageDraw.Draw(scene.image)
    gap, thick = width * rng.uniform(0.12, 0.22), max(1, round(width * 0.012))
    for x in np.arange(rng.uniform(0, gap), width, gap):
        ink.line((float(x), 0, float(x), height), fill=(86, 88, 90), width=thick)


def _leaf_outline() -> Points:
    """A pointed leaf of unit length along x, its stalk at the first point and its tip half-way round."""
    upper = curve([(-0.5, 0.0), (-0.2, -0.17), (0.15, -0.15), (0.5, 0.0)], 5)
    return np.concatenate([upper, (upper * [1, -1])[-2:0:-1]])


_LEAF = _leaf_outline()
_KINDS: dict[str, Callable[[Scene, Extent, np.random.Generator], None]] = {
    "grass": _grass,
    "leaves": _leaves,
    "bars": _bars,
}
