"""Figures of shift in sentences."""

from __future__ import annotations


def points(share: float) -> str:
    """A difference of two shares in points of a percent: ``12.8``."""
    return f"{100 * abs(share):.1f}"


def share(value: float) -> str:
    """A share: ``76.1 %``."""
    return f"{100 * value:.1f} %"


def within(low: float, high: float, level: float) -> str:
    """An interval of a difference in points: ``(95 %: 11.8 to 13.8)``, with signs where these differ."""
    one, other = (f"{100 * bound:.1f}" for bound in (low, high))
    return f"({100 * level:g} %: {one} to {other})"


def chance(p: float) -> str:
    """A p-value: ``p = 0.03``, ``p < 1e-9``."""
    return "p < 1e-9" if p < 1e-9 else f"p = {p:.2g}"


def change(drop: float) -> str:
    """A drop of accuracy or the rise that a negative one is: ``a drop of 12.8 points``."""
    return f"a {'drop' if drop >= 0 else 'rise'} of {points(drop)} points"
