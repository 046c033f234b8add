"""Proportions of mammals' faces from the front, one row each.

Lengths are in units of about one head, the origin is between eyes and nose.
"""

from __future__ import annotations

from dataclasses import dataclass

from .shapes import Pair


@dataclass(frozen=True, slots=True)
class Face:
    """A face that looks at us; symmetric, so x is given for the right half.

    Attributes:
        profile: (y, half width) from the crown to the chin.
        ear: x, y of its root, length, half width, degrees outwards from upright.
        eye: x, y, radius.
        muzzle: y, half width, half height of the pale or dark muzzle.
        nose: y, half width, half height.
        bust: half width of the neck at the chin and at the lower edge.
        extras: parts in ``portraits.EXTRAS``, painted in this order.
        slit: a cat's pupil.
    """

    profile: tuple[Pair, ...]
    ear: tuple[float, float, float, float, float]
    eye: tuple[float, float, float]
    muzzle: tuple[float, float, float]
    nose: tuple[float, float, float]
    bust: Pair
    extras: tuple[str, ...] = ()
    slit: bool = False


_CAT = (
    (-0.5, 0.06),
    (-0.45, 0.28),
    (-0.3, 0.44),
    (-0.02, 0.53),
    (0.22, 0.46),
    (0.42, 0.31),
    (0.52, 0.18),
    (0.56, 0.06),
)

FACES: dict[str, Face] = {
    "Lion": Face(
        profile=(
            (-0.52, 0.06),
            (-0.47, 0.26),
            (-0.3, 0.4),
            (0.0, 0.45),
            (0.25, 0.4),
            (0.46, 0.31),
            (0.58, 0.2),
            (0.63, 0.06),
        ),
        ear=(0.36, -0.36, 0.24, 0.14, 40),
        eye=(0.2, -0.08, 0.062),
        muzzle=(0.35, 0.27, 0.2),
        nose=(0.22, 0.13, 0.08),
        bust=(0.46, 0.85),
        extras=("mane", "whiskers"),
        slit=True,
    ),
    "Tiger": Face(
        profile=_CAT,
        ear=(0.37, -0.38, 0.22, 0.15, 38),
        eye=(0.22, -0.06, 0.066),
        muzzle=(0.34, 0.27, 0.18),
        nose=(0.22, 0.12, 0.07),
        bust=(0.44, 0.8),
        extras=("ruff", "brows", "whiskers"),
        slit=True,
    ),
    "Leopard": Face(
        profile=_CAT,
        ear=(0.36, -0.38, 0.2, 0.14, 40),
        eye=(0.21, -0.06, 0.066),
        muzzle=(0.34, 0.25, 0.17),
        nose=(0.22, 0.11, 0.065),
        bust=(0.42, 0.7),
        extras=("whiskers",),
        slit=True,
    ),
    "Zebra": Face(
        profile=(
            (-0.56, 0.06),
            (-0.52, 0.2),
            (-0.38, 0.33),
            (-0.12, 0.36),
            (0.2, 0.28),
            (0.48, 0.24),
            (0.64, 0.25),
            (0.74, 0.16),
            (0.78, 0.05),
        ),
        ear=(0.25, -0.5, 0.4, 0.12, 20),
        eye=(0.31, -0.17, 0.05),
        muzzle=(0.6, 0.25, 0.19),
        nose=(0.58, 0.16, 0.045),
        bust=(0.36, 0.62),
        extras=("crest", "nostrils"),
    ),
    "Giraffe": Face(
        profile=(
            (-0.52, 0.06),
            (-0.48, 0.18),
            (-0.36, 0.29),
            (-0.12, 0.34),
            (0.15, 0.27),
            (0.42, 0.22),
            (0.58, 0.23),
            (0.68, 0.15),
            (0.72, 0.05),
        ),
        ear=(0.3, -0.32, 0.42, 0.12, 74),
        eye=(0.31, -0.14, 0.062),
        muzzle=(0.54, 0.23, 0.19),
        nose=(0.5, 0.13, 0.034),
        bust=(0.27, 0.42),
        extras=("ossicones", "nostrils"),
    ),
    "Elephant": Face(
        profile=((-0.62, 0.06), (-0.58, 0.24), (-0.44, 0.4), (-0.16, 0.46), (0.12, 0.38), (0.35, 0.25), (0.45, 0.14)),
        ear=(0.0, 0.0, 0.0, 0.0, 0.0),
        eye=(0.34, -0.02, 0.044),
        muzzle=(0.0, 0.0, 0.0),
        nose=(0.0, 0.0, 0.0),
        bust=(0.56, 0.9),
        extras=("trunk", "tusks"),
    ),
    "Rhinoceros": Face(
        profile=(
            (-0.54, 0.06),
            (-0.5, 0.22),
            (-0.36, 0.38),
            (-0.1, 0.43),
            (0.2, 0.37),
            (0.45, 0.37),
            (0.62, 0.34),
            (0.74, 0.22),
            (0.79, 0.06),
        ),
        ear=(0.3, -0.42, 0.34, 0.12, 28),
        eye=(0.37, -0.05, 0.042),
        muzzle=(0.0, 0.0, 0.0),
        nose=(0.6, 0.2, 0.045),
        bust=(0.6, 0.95),
        extras=("nostrils", "horns"),
    ),
}
