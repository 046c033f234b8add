"""The Pareto front of points with two numbers, of each of which more is better."""

from __future__ import annotations

from collections.abc import Sequence


def pareto_front(points: Sequence[tuple[float, float]]) -> list[bool]:
    """Whether each of N points is on the front: no other is at least as large in both numbers and larger in one.

    Equal points are on it together or not at all. One sweep from the largest first number down, O(N log N).
    """
    front, highest = set[tuple[float, float]](), float("-inf")
    for point in sorted(set(points), reverse=True):
        if point[1] > highest:
            front.add(point)
            highest = point[1]
    return [point in front for point in points]
