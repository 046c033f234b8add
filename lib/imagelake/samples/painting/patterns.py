"""Coat patterns: the marks that stripes, rosettes, patches and feathers leave on a limb.

Every pattern is a function ``(tube, rng) -> list of outlines`` that places its marks by the tube's own (t, u)
coordinates, so that stripes run across a leg as they run across the body, and nothing needs to be clipped.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from .shapes import Points, Tube, ellipse

Pattern = Callable[[Tube, np.random.Generator], list[Points]]

_BRICK = np.array([(-1, -1), (-1.15, 0.1), (-1, 1), (1, 1), (1.15, -0.1), (1, -1)])
_CIRCLE = ellipse((0.0, 0.0), (1.0, 0.85), samples=9)


def _band(tube: Tube, rng: np.random.Generator, place: tuple[float, float], reach: tuple[float, float]) -> Points:
    """One wavy stripe at ``place`` = (t, half width in t), from ``reach[0]`` to ``reach[1]`` across."""
    t, half = place
    u = np.linspace(reach[0], reach[1], 7)
    wave = half * (0.9 * np.sin(u * 2.2 + rng.uniform(0, 6)) + 0.35 * rng.standard_normal(7))
    # A stripe that ends within the limb tapers; one that crosses it keeps its width.
    taper = np.interp(np.abs(u - reach[0]), [0, 0.6 * np.ptp(u), np.ptp(u)], [1, 0.8, 0.1 if abs(reach[1]) < 1 else 1])
    upper, lower = t + wave - half * taper, t + wave + half * taper
    return tube.at(np.concatenate([upper, lower[::-1]]), np.concatenate([u, u[::-1]]))


def bands(tube: Tube, rng: np.random.Generator, spacing: float = 0.1, fill: float = 0.5) -> list[Points]:
    """Zebra stripes: full rings, ``spacing`` apart in units, covering the share ``fill``."""
    count = max(2, round(tube.length / spacing))
    places = (np.arange(count) + 0.5 + rng.uniform(-0.12, 0.12, count)) / count
    return [_band(tube, rng, (float(t), fill * 0.5 / count), (-1.0, 1.0)) for t in places]


def slashes(tube: Tube, rng: np.random.Generator, spacing: float = 0.085, fill: float = 0.42) -> list[Points]:
    """Tiger stripes: tapered slashes that come in turn from both edges and seldom meet."""
    count = max(2, round(tube.length / spacing))
    marks = []
    for k in range(count):
        t = (k + 0.5 + rng.uniform(-0.2, 0.2)) / count
        half = fill * 0.5 / count * rng.uniform(0.75, 1.25)
        marks.append(_band(tube, rng, (t, half), (-1.0, rng.uniform(-0.1, 0.75))))
        if rng.random() < 0.7:
            marks.append(_band(tube, rng, (t + 0.5 / count, half * 0.8), (1.0, rng.uniform(0.0, 0.6))))
    return marks


def _scatter(tube: Tube, rng: np.random.Generator, spacing: float) -> Points:
    """Places (t, u) [M, 2] on a jittered grid about ``spacing`` units apart."""
    rows = max(1, round(tube.length / spacing))
    columns = max(1, round(tube.width / spacing))
    t, u = np.meshgrid((np.arange(rows) + 0.5) / rows, (np.arange(columns) + 0.5) / columns * 2 - 1, indexing="ij")
    # Every other row is shifted by half a column, as skins do.
    u = u + (np.arange(rows) % 2)[:, None] / columns - 0.5 / columns
    places = np.column_stack([t.ravel(), np.clip(u.ravel(), -0.88, 0.88)])
    return places + rng.uniform(-0.22, 0.22, places.shape) * np.array([1 / rows, 2 / columns])


def spots(tube: Tube, rng: np.random.Generator, spacing: float = 0.075, size: float = 0.3) -> list[Points]:
    """Irregular round spots [9, 2] with a radius of about ``size`` spacings."""
    places = np.clip(_scatter(tube, rng, spacing), [0, -0.9], [1, 0.9])
    centres = tube.at(places[:, 0], places[:, 1])
    reach = spacing * size * rng.uniform(0.72, 1.18, (len(centres), len(_CIRCLE), 1))
    return list(centres[:, None, :] + _CIRCLE * reach)


def patches(tube: Tube, rng: np.random.Generator, spacing: float = 0.125, fill: float = 0.8) -> list[Points]:
    """Giraffe patches: angular fields laid like bricks, with a narrow net of pale lines between them."""
    rows, columns = max(2, round(tube.length / spacing)), max(1, round(tube.width / spacing))
    row, column = np.meshgrid(np.arange(rows), np.arange(-1, columns + 1), indexing="ij")
    t = (row + 0.5) / rows
    u = (column + 0.5 + (row % 2) * 0.5) / columns * 2 - 1
    middles = np.stack([t, u], axis=-1)[np.abs(u) < 1 + 0.6 / columns]
    jitter = rng.uniform(-0.24, 0.24, (len(middles), len(_BRICK), 2))
    places = middles[:, None, :] + (_BRICK + jitter) * np.array([0.5 / rows, 1 / columns])
    fields = tube.at(places[..., 0].ravel(), np.clip(places[..., 1].ravel(), -0.96, 0.96)).reshape(places.shape)
    centres = fields.mean(axis=1, keepdims=True)
    return list(centres + (fields - centres) * fill)


def plain(_tube: Tube, _rng: np.random.Generator) -> list[Points]:
    """No marks."""
    return []


def wrinkles(tube: Tube, rng: np.random.Generator, spacing: float = 0.1) -> list[Points]:
    """Fine folds of a thick skin, each over a part of the width."""
    count = max(2, round(tube.length / spacing))
    marks = []
    for k in range(count):
        start = rng.uniform(-0.9, 0.5)
        t = (k + rng.uniform(0.2, 0.8)) / count
        marks.append(_band(tube, rng, (t, 0.035 / count), (start, min(start + rng.uniform(0.3, 0.8), 0.95))))
    return marks


def barring(tube: Tube, rng: np.random.Generator) -> list[Points]:
    """Rows of short feather marks, as on an owl or an eagle."""
    return spots(tube, rng, spacing=0.075, size=0.24)


PATTERNS: dict[str, Pattern] = {
    "plain": plain,
    "bands": bands,
    "slashes": slashes,
    "rosettes": partial(spots, spacing=0.085, size=0.4),
    "freckles": partial(spots, spacing=0.12, size=0.18),
    "patches": patches,
    "wrinkles": wrinkles,
    "barring": barring,
}
