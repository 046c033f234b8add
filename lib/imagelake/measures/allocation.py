"""Whole numbers in given proportions, and groups of different sizes dealt out by them."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction


def largest_remainder(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers that add up to the total and differ from their exact shares by less than one.

    Hamilton's method: every share is rounded down, and what is left goes to the largest remainders, equal ones by their
    order. Fractions, because 0.1 + 0.2 would otherwise decide between two equal remainders.

    Args:
        total: what is dealt out, 0 or more.
        weights: 0 or more each, at least one above 0, in any unit.

    Raises:
        ValueError: a weight is negative, or none is above 0.
    """
    exact = [Fraction(str(weight)) for weight in weights]
    if not exact or min(exact) < 0 or sum(exact) == 0:
        raise ValueError(f"expected weights of which none is negative and one is above 0, found {list(weights)}")
    shares = [total * weight / sum(exact) for weight in exact]
    whole = [share.numerator // share.denominator for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda index: (whole[index] - shares[index], index))
    for index in by_remainder[: total - sum(whole)]:
        whole[index] += 1
    return whole


def deal_groups(sizes: Sequence[int], quotas: Sequence[int]) -> list[int]:
    """The part that each group goes to, whole: the one that lacks the most, the first of equal ones.

    Large groups should come first, so that small ones can even out what they leave: then no part exceeds its quota by
    more than the group that it got last.

    Args:
        sizes: of the groups, in the order in which they are dealt.
        quotas: what each part should get.
    """
    lacking = list(quotas)
    parts = []
    for size in sizes:
        part = max(range(len(lacking)), key=lambda index: (lacking[index], -index))
        lacking[part] -= size
        parts.append(part)
    return parts


def remaining_quotas(quotas: Sequence[int], taken: Sequence[int]) -> list[int]:
    """What is left of each quota for single images; their sum is that of the quotas less what is taken.

    Where groups have taken more than the quota of a part, the others share what they lack in proportion.
    """
    left = [quota - used for quota, used in zip(quotas, taken, strict=True)]
    lacking = [max(0, lack) for lack in left]
    return largest_remainder(sum(left), lacking) if sum(lacking) else lacking
