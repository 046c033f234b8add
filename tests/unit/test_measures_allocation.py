"""Whole numbers in proportion: against the definition, by brute force, and what groups leave over."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.measures.allocation import deal_groups, largest_remainder, remaining_quotas


@given(st.integers(0, 30), st.lists(st.integers(0, 9), min_size=1, max_size=4).filter(any))
def test_no_other_whole_numbers_are_nearer(total: int, weights: list[int]) -> None:
    """They add up, and the sum of absolute deviations from the exact shares is the smallest there is."""
    found = largest_remainder(total, weights)
    exact = [total * weight / sum(weights) for weight in weights]

    def deviation(parts: tuple[int, ...] | list[int]) -> float:
        return sum(abs(part - share) for part, share in zip(parts, exact, strict=True))

    assert sum(found) == total
    near = product(*(range(int(share), int(share) + 2) for share in exact))
    assert deviation(found) == pytest.approx(min(deviation(parts) for parts in near if sum(parts) == total))


def test_decimal_shares_are_exact() -> None:
    """80 : 10 : 10 of ten is 8, 1, 1, and equal remainders go by their order."""
    assert largest_remainder(10, [0.8, 0.1, 0.1]) == [8, 1, 1]
    assert largest_remainder(1, [0.3, 0.3, 0.4]) == [0, 0, 1]
    assert largest_remainder(2, [1, 1, 1]) == [1, 1, 0]


@pytest.mark.parametrize("weights", [[], [0, 0], [1, -1]])
def test_weights_without_sense_are_refused(weights: list[float]) -> None:
    """The error names them."""
    with pytest.raises(ValueError, match="none is negative"):
        largest_remainder(3, weights)


@given(st.lists(st.integers(2, 9), max_size=12), st.integers(0, 40))
def test_groups_stay_whole_and_singles_fill_up(sizes: list[int], singles: int) -> None:
    """Groups and singles add up to everything; where no group is larger than a quota's rest, quotas are exact."""
    total = sum(sizes) + singles
    quotas = largest_remainder(total, [0.7, 0.2, 0.1])
    taken = [0, 0, 0]
    largest_first = sorted(sizes, reverse=True)
    for size, part in zip(largest_first, deal_groups(largest_first, quotas), strict=True):
        taken[part] += size
    left = remaining_quotas(quotas, taken)
    assert min(left) >= 0
    assert sum(left) == singles
    if all(used <= quota for used, quota in zip(taken, quotas, strict=True)):
        assert [used + rest for used, rest in zip(taken, left, strict=True)] == quotas


def test_the_part_that_lacks_most_comes_next() -> None:
    """Three groups of four for 8 and 4 go to the first, then to both in turn, the first at a tie."""
    assert deal_groups([4, 4, 4], [8, 4]) == [0, 0, 1]
