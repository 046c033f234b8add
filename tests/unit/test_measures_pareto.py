"""The front of choices in two numbers: exactly those that nothing beats."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from imagelake.measures.pareto import pareto_front

NUMBERS = st.integers(-5, 5) | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(NUMBERS, NUMBERS), max_size=40))
def test_the_front_is_what_nothing_beats(points: list[tuple[float, float]]) -> None:
    """By brute force: on the front is whatever no other reaches in both numbers and passes in one."""
    beaten = [any(x >= a and y >= b and (x, y) != (a, b) for x, y in points) for a, b in points]
    assert pareto_front(points) == [not one for one in beaten]
