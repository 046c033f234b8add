"""Parts that only some four-legged animals have, seen from the side: manes, horns, trunks, muzzles."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from .figure import Figure
from .palettes import tinted
from .shapes import along, ellipse, smooth, tube
from .stance import Stance, between


def _mane(figure: Figure, stance: Stance) -> None:
    """A lion's mane; lionesses and cubs have none, which is why they pass for other cats."""
    if figure.palette.pattern != "plain" or figure.rng.random() < 0.3:
        return
    skull = stance.build.head[2]
    centre = stance.on_head(-0.55, -0.25)
    for size, shade in ((2.15, 0.62), (1.8, 0.85), (1.45, 1.08)):
        turn = np.linspace(0, 2 * np.pi, 22, endpoint=False)
        reach = skull * size * (1 + 0.09 * np.where(np.arange(22) % 2, 1, -1) + figure.rng.normal(0, 0.02, 22))
        lock = np.column_stack([np.cos(turn) * reach, np.sin(turn) * reach * 1.08]) + centre
        figure.fill(smooth([(float(x), float(y)) for x, y in lock], 3), tinted(figure.palette.accent, shade))


def _muzzle(figure: Figure, stance: Stance) -> None:
    """A cat's pale chin, its nose and its whiskers."""
    muzzle = stance.build.head[3]
    chin = along(stance.muzzle, stance.heading - 80, muzzle * 0.35)
    figure.blob(ellipse(chin, (muzzle * 0.85, muzzle * 0.62), -stance.heading), figure.palette.under)
    nose = along(stance.muzzle, stance.heading + 25, muzzle * 0.85)
    figure.fill(ellipse(nose, (muzzle * 0.34, muzzle * 0.26), -stance.heading), (70, 40, 38))
    mouth = [along(nose, stance.heading - 95, muzzle * 0.4), along(chin, stance.heading + 170, muzzle * 0.5)]
    figure.fill(tube(mouth, [0.006, 0.004]).outline(), (70, 44, 38))


def _cheek(figure: Figure, stance: Stance) -> None:
    """The white ruff of a tiger's cheek."""
    skull = stance.build.head[2]
    cheek = smooth(
        [
            stance.on_head(0.3, -0.1),
            stance.on_head(0.45, -0.7),
            stance.on_head(-0.3, -1.15),
            stance.on_head(-0.5, -0.4),
        ],
        5,
    )
    figure.fill(cheek, figure.palette.under)
    for forward in (-0.3, -0.02):
        stripe = tube(
            [stance.on_head(forward, -0.15), stance.on_head(forward - 0.15, -0.85)], [skull * 0.07, skull * 0.03]
        )
        figure.fill(stripe.outline(), figure.palette.mark)


def _upright_mane(figure: Figure, stance: Stance, height: float) -> None:
    """Stiff hair along the back of the neck."""
    back = _neck_direction(stance) + 90
    roots = [between(stance.shoulder, stance.nape, share) for share in (0.05, 0.5, 1.0)]
    widths = [stance.build.neck[2], (stance.build.neck[2] + stance.build.neck[3]) / 2, stance.build.neck[3]]
    ridge = [along(root, back, width * 0.95) for root, width in zip(roots, widths, strict=True)]
    crown = stance.on_head(0.2, 1.0)
    comb = tube([*ridge, crown], [height, height * 1.1, height, height * 0.7])
    figure.limb(comb, figure.palette.accent)
    if figure.palette.pattern == "bands":
        figure.marks(comb, tinted(figure.palette.coat, 0.95))


def _neck_direction(stance: Stance) -> float:
    across, down = stance.nape[0] - stance.shoulder[0], stance.nape[1] - stance.shoulder[1]
    return float(np.degrees(np.arctan2(-down, across)))


def _crest(figure: Figure, stance: Stance) -> None:
    _upright_mane(figure, stance, 0.045)


def _short_crest(figure: Figure, stance: Stance) -> None:
    _upright_mane(figure, stance, 0.018)


def _snout(figure: Figure, stance: Stance) -> None:
    """A zebra's dark nose."""
    muzzle = stance.build.head[3]
    figure.blob(
        ellipse(along(stance.muzzle, stance.heading, muzzle * 0.35), (muzzle * 0.85, muzzle), -stance.heading),
        (54, 44, 42),
    )


def _ossicones(figure: Figure, stance: Stance) -> None:
    """The two knobbed horns of a giraffe, and its nostril."""
    for back, shade in ((-0.1, 0.8), (0.2, 1.0)):
        root = stance.on_head(back, 0.75)
        tip = along(root, stance.heading + 105, 0.1)
        figure.limb(tube([root, tip], [0.018, 0.014]), tinted(figure.palette.coat, shade))
        figure.blob(ellipse(tip, (0.026, 0.024)), tinted(figure.palette.accent, shade))
    muzzle = stance.build.head[3]
    figure.blob(
        ellipse(along(stance.muzzle, stance.heading, muzzle * 0.4), (muzzle * 0.8, muzzle * 0.85)), figure.palette.under
    )
    figure.fill(ellipse(along(stance.muzzle, stance.heading + 30, muzzle * 0.8), (0.012, 0.009)), (60, 40, 30))


def _elephant_trunk(figure: Figure, stance: Stance) -> None:
    """Hanging, reaching forward, or raised."""
    curl = figure.rng.choice([-1.0, 0.0, 1.0], p=[0.25, 0.55, 0.2])
    root = stance.muzzle
    knee = (root[0] + 0.1 + 0.05 * abs(curl), root[1] + 0.24 - 0.14 * (curl > 0))
    tip = (knee[0] + 0.04 + 0.16 * abs(curl), knee[1] + 0.26 - (0.3 if curl < 0 else 0.62 if curl > 0 else 0))
    trunk = tube([root, knee, between(knee, tip, 0.5), tip], [0.125, 0.085, 0.062, 0.045])
    figure.coat(trunk)


def _flap(figure: Figure, stance: Stance) -> None:
    """An elephant's ear."""
    size = figure.rng.uniform(0.85, 1.15)
    corner = stance.on_head(-0.25, 0.55)
    knots = [(0.06, -0.08), (-0.14, -0.16), (-0.3, -0.02), (-0.27, 0.2), (-0.12, 0.36), (0.02, 0.2)]
    flap = smooth([(corner[0] + x * size, corner[1] + y * size) for x, y in knots], 6)
    figure.blob(flap, tinted(figure.palette.coat, 0.88))
    figure.fill(flap.mean(0) + (flap - flap.mean(0)) * 0.66, tinted(figure.palette.under, 0.95))


def _tusk(figure: Figure, stance: Stance) -> None:
    if figure.rng.random() < 0.2:
        return
    root = (stance.muzzle[0] + 0.02, stance.muzzle[1] + 0.07)
    tusk = tube([root, (root[0] + 0.12, root[1] + 0.12), (root[0] + 0.24, root[1] + 0.1)], [0.036, 0.028, 0.008])
    figure.limb(tusk, figure.palette.accent)


def _horns(figure: Figure, stance: Stance) -> None:
    """A rhinoceros' two horns, its lip and its nostril."""
    muzzle, heading = stance.build.head[3], stance.heading
    for forward, length, radius in ((0.25, 0.25, 0.05), (-0.75, 0.11, 0.04)):
        root = along(along(stance.muzzle, heading, forward * muzzle), heading + 90, muzzle * 0.72)
        bend, tip = along(root, heading + 78, length * 0.55), along(root, heading + 96, length)
        figure.limb(tube([root, bend, tip], [radius, radius * 0.62, 0.006]), figure.palette.detail)
    figure.fill(ellipse(along(stance.muzzle, heading + 12, muzzle * 0.7), (0.02, 0.014)), (60, 54, 52))
    lip = [along(stance.muzzle, heading - 40, muzzle * 0.95), along(stance.muzzle, heading - 110, muzzle * 0.7)]
    figure.fill(tube(lip, [0.008, 0.005]).outline(), (70, 64, 62))


EXTRAS: dict[str, Callable[[Figure, Stance], None]] = {
    "mane": _mane,
    "muzzle": _muzzle,
    "cheek": _cheek,
    "crest": _crest,
    "shortcrest": _short_crest,
    "snout": _snout,
    "ossicones": _ossicones,
    "trunk": _elephant_trunk,
    "flap": _flap,
    "tusk": _tusk,
    "horns": _horns,
}
BEHIND_NECK = ("crest", "shortcrest")
BEHIND_HEAD = ("mane", "trunk")
