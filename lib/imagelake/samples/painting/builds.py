"""The proportions of the four-legged animals, one row each. Lengths in units of about one body length."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Build:
    """Proportions of one species seen from the side, facing right, with the middle of the spine at the origin.

    Attributes:
        half: half the distance from hip to chest.
        girth: radii of rump, belly and chest.
        leg: length below the spine's height, then radii at hip, knee and foot.
        neck: length, degrees above the horizontal, radii at its base and its top.
        head: length, degrees above the horizontal, radii of skull and muzzle.
        tail: length, radius, radius of the tuft.
        ear: length, half width.
        extras: names of the parts in ``mammals.EXTRAS`` that only this species has, painted in this order.
        foot: paw, hoof or toes.
        arch: height of the back's arch.
        bend: how far the hind knee stands out.
    """

    half: float
    girth: tuple[float, float, float]
    leg: tuple[float, float, float, float]
    neck: tuple[float, float, float, float]
    head: tuple[float, float, float, float]
    tail: tuple[float, float, float]
    ear: tuple[float, float]
    extras: tuple[str, ...] = ()
    foot: str = "hoof"
    arch: float = 0.0
    bend: float = 0.04


_CAT = (0.62, 0.13, 0.068, 0.05)

BUILDS: dict[str, Build] = {
    "Lion": Build(
        half=0.43,
        girth=(0.155, 0.135, 0.19),
        leg=_CAT,
        neck=(0.2, 42, 0.17, 0.135),
        head=(0.19, -14, 0.125, 0.072),
        tail=(0.62, 0.024, 0.055),
        ear=(0.075, 0.05),
        extras=("mane", "muzzle"),
        foot="paw",
        arch=0.025,
        bend=0.05,
    ),
    "Tiger": Build(
        half=0.45,
        girth=(0.155, 0.135, 0.175),
        leg=_CAT,
        neck=(0.2, 30, 0.16, 0.125),
        head=(0.18, -14, 0.13, 0.075),
        tail=(0.66, 0.034, 0.034),
        ear=(0.07, 0.055),
        extras=("cheek", "muzzle"),
        foot="paw",
        arch=0.025,
        bend=0.05,
    ),
    "Leopard": Build(
        half=0.45,
        girth=(0.135, 0.115, 0.15),
        leg=(0.54, 0.11, 0.058, 0.044),
        neck=(0.19, 28, 0.13, 0.1),
        head=(0.155, -14, 0.105, 0.06),
        tail=(0.78, 0.03, 0.03),
        ear=(0.06, 0.048),
        extras=("muzzle",),
        foot="paw",
        arch=0.025,
        bend=0.05,
    ),
    "Zebra": Build(
        half=0.38,
        girth=(0.19, 0.19, 0.185),
        leg=(0.72, 0.11, 0.048, 0.038),
        neck=(0.4, 52, 0.16, 0.085),
        head=(0.3, -38, 0.1, 0.06),
        tail=(0.42, 0.02, 0.05),
        ear=(0.11, 0.035),
        extras=("crest", "snout"),
    ),
    "Giraffe": Build(
        half=0.3,
        girth=(0.15, 0.155, 0.175),
        leg=(0.92, 0.09, 0.042, 0.034),
        neck=(0.98, 64, 0.15, 0.062),
        head=(0.24, -24, 0.075, 0.045),
        tail=(0.42, 0.014, 0.035),
        ear=(0.1, 0.03),
        extras=("shortcrest", "ossicones"),
    ),
    "Elephant": Build(
        half=0.36,
        girth=(0.27, 0.28, 0.26),
        leg=(0.74, 0.15, 0.105, 0.1),
        neck=(0.16, 32, 0.22, 0.19),
        head=(0.13, -38, 0.19, 0.13),
        tail=(0.4, 0.018, 0.03),
        ear=(0.0, 0.0),
        extras=("trunk", "flap", "tusk"),
        foot="toes",
        arch=0.05,
        bend=0.0,
    ),
    "Rhinoceros": Build(
        half=0.42,
        girth=(0.23, 0.25, 0.23),
        leg=(0.58, 0.13, 0.085, 0.08),
        neck=(0.2, 2, 0.21, 0.16),
        head=(0.3, -26, 0.145, 0.095),
        tail=(0.28, 0.018, 0.024),
        ear=(0.09, 0.04),
        extras=("horns",),
        foot="toes",
        arch=0.02,
        bend=0.015,
    ),
}
