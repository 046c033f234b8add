"""Where the names of points go, so that none covers another name or a point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_GAP = 8  # CSS pixels between a point and its name
_POINT = 5  # CSS pixels around a point that no name may touch
_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (1, -1), (-1, 1), (-1, -1))
"""Where a name is tried, in this order: beside its point, above and below, at the corners; y grows upwards."""


@dataclass(frozen=True)
class Box:
    """A rectangle by its edges."""

    left: float
    bottom: float
    right: float
    top: float

    def meets(self, other: Box) -> bool:
        """Whether the two share more than an edge."""
        return (
            self.left < other.right and other.left < self.right and self.bottom < other.top and other.bottom < self.top
        )

    def inside(self, other: Box) -> bool:
        """Whether nothing of this one sticks out of the other."""
        return (
            other.left <= self.left
            and self.right <= other.right
            and other.bottom <= self.bottom
            and self.top <= other.top
        )


def place_names(
    points: Sequence[tuple[float, float]], sizes: Sequence[tuple[float, float]], room: Box
) -> list[Box | None]:
    """A box for the name of each point, next to it; None where there is no free place.

    Args:
        points: x and y of N points, those that matter most first: they choose before the others.
        sizes: width and height of each name.
        room: what the names must stay inside of.
    """
    dots = [Box(x - _POINT, y - _POINT, x + _POINT, y + _POINT) for x, y in points]
    taken: list[Box] = []
    places: list[Box | None] = []
    for point, size in zip(points, sizes, strict=True):
        candidates = (_beside(point, size, side) for side in _SIDES)
        free = (box for box in candidates if box.inside(room) and not any(map(box.meets, (*dots, *taken))))
        place = next(free, None)
        places.append(place)
        taken += [place] if place else []
    return places


def _beside(point: tuple[float, float], size: tuple[float, float], side: tuple[int, int]) -> Box:
    """The box of a name on one side of its point."""
    (x, y), (width, height), (right, up) = point, size, side
    middle_x, middle_y = x + right * (_GAP + width / 2), y + up * (_GAP + height / 2)
    if right and up:  # at a corner there is as much space between the two as beside
        middle_x, middle_y = x + right * (_POINT + width / 2), y + up * (_POINT + height / 2)
    return Box(middle_x - width / 2, middle_y - height / 2, middle_x + width / 2, middle_y + height / 2)
