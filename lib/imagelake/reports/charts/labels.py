"""Positions of the names of points, so that none covers another name or a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_GAP = 8  # CSS pixels between a point and its name
_POINT = 5  # CSS pixels around a point that no name may touch
_SIDES = ((1, 0), (1, 1), (1, -1), (-1, 1), (-1, -1), (0, 1), (0, -1), (-1, 0))
"""Where a name is tried, in this order, y growing upwards: to the right, at the corners, then where lines may pass."""


@dataclass(frozen=True)
class Box:
    """A rectangle by its edges."""

    left: float
    bottom: float
    right: float
    top: float

    @property
    def middle(self) -> tuple[float, float]:
        """Its centre."""
        return (self.left + self.right) / 2, (self.bottom + self.top) / 2

    def meets(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def inside(self, other: Box) -> bool:
        """Whether this box lies inside the other."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )


@dataclass(frozen=True)
class Position:
    """The position of a name, and which of a point's names it is."""

    name: int
    box: Box


def position_names(
    points: Sequence[tuple[float, float]], sizes: Sequence[Sequence[tuple[float, float]]], room: Box
) -> list[Position | None]:
    """A position for a name of each point, next to it; None where none of its names has room.

    Args:
        points: x and y of N points, the most important first: they are placed first.
        sizes: width and height of each of a point's names, in order of preference.
        room: the box that must contain the names.
    """
    dots = [Box(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in points]
    taken: list[Box] = []
    positions: list[Position | None] = []
    for point, wanted in zip(points, sizes, strict=True):
        candidates = (Position(n, _beside(point, size, side)) for n, size in enumerate(wanted) for side in _SIDES)
        free = (one for one in candidates if one.box.inside(room) and not any(map(one.box.meets, (*dots, *taken))))
        position = next(free, None)
        positions.append(position)
        taken += [position.box] if position else []
    return positions


def _beside(point: tuple[float, float], size: tuple[float, float], side: tuple[int, int]) -> Box:
    """The box of a name on one side of its point."""
    (x, y), (width, height), (right, up) = point, size, side
    middle_x, middle_y = x + right * (_GAP + width / 2), y + up * (_GAP + height / 2)
    if right and up:  # a corner has the same distance as a side, so a smaller offset in each direction
        middle_x, middle_y = x + right * (_POINT + width / 2), y + up * (_POINT + height / 2)
    return Box(middle_x - width / 2, middle_y - height / 2, middle_x + width / 2, middle_y + height / 2)
