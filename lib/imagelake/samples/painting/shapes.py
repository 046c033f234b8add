"""Closed outlines in the plane: ellipses, smooth curves and tapered tubes.

All coordinates are in the animal's own units (a body is about one unit long), x to the right, y down as in an image.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]  # [N, 2]
Pair = tuple[float, float]


def ellipse(centre: Pair, radii: Pair, angle: float = 0.0, samples: int = 28) -> Points:
    """Outline [samples, 2] of an ellipse turned clockwise by ``angle`` degrees."""
    upright = _unit_circle(samples) * np.asarray(radii)
    return np.asarray((rotated(upright, angle) if angle else upright) + np.asarray(centre))


@cache
def _unit_circle(samples: int) -> Points:
    turn = np.arange(samples) * (2 * np.pi / samples)
    return np.column_stack([np.cos(turn), np.sin(turn)])


def rotated(points: Points, degrees: float, centre: Pair = (0.0, 0.0)) -> Points:
    """The points turned clockwise (as seen, because y points down) about a centre."""
    angle = np.radians(degrees)
    matrix = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return np.asarray((points - np.asarray(centre)) @ matrix + np.asarray(centre))


def mirrored(points: Points) -> Points:
    """The points reflected at the vertical axis x = 0."""
    return np.asarray(points * np.array([-1.0, 1.0]))


def along(start: Pair, degrees: float, distance: float) -> Pair:
    """The point at a distance from another; 0 degrees is to the right, 90 degrees is up."""
    angle = np.radians(degrees)
    return float(start[0] + np.cos(angle) * distance), float(start[1] - np.sin(angle) * distance)


def smooth(control: Sequence[Pair], samples: int = 6) -> Points:
    """Closed Catmull-Rom curve through the control points, ``samples`` points a segment."""
    knots = np.asarray(control, dtype=np.float64)
    before, after, beyond = np.roll(knots, 1, 0), np.roll(knots, -1, 0), np.roll(knots, -2, 0)
    return _catmull_rom(before, knots, after, beyond, samples)


def curve(control: Sequence[Pair] | Points, samples: int = 6) -> Points:
    """Open Catmull-Rom curve through the control points, both ends included."""
    knots = np.asarray(control, dtype=np.float64)
    padded = np.vstack([2 * knots[:1] - knots[1:2], knots, 2 * knots[-1:] - knots[-2:-1]])
    inner = _catmull_rom(padded[:-3], padded[1:-2], padded[2:-1], padded[3:], samples)
    return np.vstack([inner, knots[-1:]])


def _catmull_rom(before: Points, start: Points, end: Points, beyond: Points, samples: int) -> Points:
    """Uniform Catmull-Rom segments from ``start`` to ``end``, both [K, D], as one polyline [K * samples, D]."""
    t = (np.arange(samples) / samples)[None, :, None]
    a, b, c, d = (knots[:, None, :] for knots in (before, start, end, beyond))
    segments = 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
    return np.asarray(segments.reshape(-1, start.shape[1]))


@dataclass(frozen=True, slots=True)
class Tube:
    """A limb: a curved axis with a radius at every sample.

    A place on it is ``(t, u)``: t from 0 at the start to 1 at the end of the axis, u from -1 to 1 across it.
    """

    axis: Points  # [N, 2]
    tangent: Points  # [N, 2], unit vectors along the axis
    radius: NDArray[np.float64]  # [N]

    @property
    def spoke(self) -> Points:
        """Vectors [N, 2] from the axis to the outline, square to the axis: the tangent turned a quarter clockwise."""
        return np.asarray(self.tangent[:, ::-1] * self.radius[:, None] * np.array([-1.0, 1.0]))

    @property
    def length(self) -> float:
        """Length of the axis."""
        return float(np.hypot(*np.diff(self.axis, axis=0).T).sum())

    @property
    def width(self) -> float:
        """Mean diameter."""
        return float(2 * self.radius.mean())

    def at(self, t: NDArray[np.float64], u: NDArray[np.float64]) -> Points:
        """The points [M, 2] at places (t, u), both [M]."""
        position = np.clip(t, 0, 1) * (len(self.axis) - 1)
        low = np.minimum(position.astype(int), len(self.axis) - 2)
        part, spoke = (position - low)[:, None], self.spoke
        edge = self.axis + spoke, self.axis - spoke
        share = ((1 + u) / 2)[:, None]
        first, second = (edge[0][k] * share + edge[1][k] * (1 - share) for k in (low, low + 1))
        return np.asarray(first * (1 - part) + second * part)

    def outline(self) -> Points:
        """The closed outline, with round ends."""
        spoke = self.spoke
        first, last = self._cap(0, -spoke[0]), self._cap(-1, spoke[-1])
        return np.concatenate([self.axis + spoke, last, (self.axis - spoke)[::-1], first])

    def _cap(self, end: int, across: Points) -> Points:
        """Half circle [6, 2] that closes one end of the outline, from the edge ``across`` around to the other."""
        ahead = self.tangent[end] * self.radius[end] * (1.0 if end else -1.0)
        return np.asarray(self.axis[end] + _CAP_COSINE * across + _CAP_SINE * ahead)

    def lit(self, lift: float, share: float) -> Tube:
        """The lighter core of the limb: thinner by ``share`` and raised towards the light by ``lift`` radii."""
        raised = self.axis.copy()
        raised[:, 1] -= self.radius * lift
        return Tube(raised, self.tangent, self.radius * share)

    def swollen(self, share: float, margin: float) -> Tube:
        """The same limb with every radius times ``share`` plus ``margin``."""
        return Tube(self.axis, self.tangent, self.radius * share + margin)


_CAP_COSINE, _CAP_SINE = (curve_of(np.linspace(0, np.pi, 8)[1:-1, None]) for curve_of in (np.cos, np.sin))


def tube(control: Sequence[Pair], radii: Sequence[float], samples: int = 6) -> Tube:
    """A tube through control points with a radius at each of them, both interpolated smoothly."""
    knots = np.column_stack([np.asarray(control, dtype=np.float64), np.asarray(radii, dtype=np.float64)])
    path = curve(knots, samples)
    axis = path[:, :2]
    step = np.empty_like(axis)
    step[1:-1] = axis[2:] - axis[:-2]
    step[0], step[-1] = axis[1] - axis[0], axis[-1] - axis[-2]
    length = np.maximum(np.hypot(step[:, 0], step[:, 1]), 1e-9)
    return Tube(axis, step / length[:, None], np.maximum(path[:, 2], 1e-4))
