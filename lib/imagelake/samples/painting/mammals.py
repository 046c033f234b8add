"""Four-legged animals from the side: standing, walking, grazing or lying."""

from __future__ import annotations

from .builds import BUILDS, Build
from .figure import Figure
from .mammal_parts import BEHIND_HEAD, BEHIND_NECK, EXTRAS
from .palettes import tinted
from .shapes import Pair, Tube, along, ellipse, tube
from .stance import Stance, between, take_stance


def paint_from_the_side(figure: Figure, label: str) -> None:
    """Paint one standing or lying animal of a species in ``BUILDS``."""
    stance = take_stance(BUILDS[label], figure.rng)
    _tail(figure, stance)
    _legs(figure, stance, [], far=True)
    _extras(figure, stance, BEHIND_NECK)
    _legs(figure, stance, [_barrel(stance), _neck(stance)], far=False)
    _extras(figure, stance, BEHIND_HEAD)
    _head(figure, stance)
    _extras(figure, stance, tuple(name for name in stance.build.extras if name not in BEHIND_NECK + BEHIND_HEAD))


def _extras(figure: Figure, stance: Stance, names: tuple[str, ...]) -> None:
    for name in names:
        if name in stance.build.extras:
            EXTRAS[name](figure, stance)


def _tail(figure: Figure, stance: Stance) -> None:
    length, radius, tuft = stance.build.tail
    root = (-stance.build.half - stance.build.girth[0] * 0.75, -stance.build.girth[0] * 0.45)
    sway = figure.rng.uniform(0.1, 0.5)
    bend = (root[0] - length * 0.35 * sway - 0.06, root[1] + length * 0.5)
    tip = (root[0] - length * sway, root[1] + length * (0.95 - 0.7 * sway))
    figure.coat(tube([root, bend, tip], [radius * 1.3, radius, radius * 0.9]), shade=0.9)
    if tuft > radius:
        figure.blob(ellipse(tip, (tuft * 0.8, tuft * 1.3), 20), tinted(figure.palette.accent, 0.75))


def _barrel(stance: Stance) -> Tube:
    """The body from rump to chest; the back is higher between the shoulders and the belly is tucked up."""
    half, (rump, belly, chest), arch = stance.build.half, stance.build.girth, stance.build.arch
    # The ends narrow before they are closed, so that the pattern runs on over the rump.
    spine = [
        (-half - rump * 0.75, 0.03),
        (-half, 0.0),
        (-half * 0.4, -arch),
        (half * 0.3, -arch * 0.8),
        (half * 0.95, 0.0),
    ]
    return tube(spine, [rump * 0.5, rump * 0.97, (rump + belly) / 2, belly, chest])


def _neck(stance: Stance) -> Tube:
    _, _, base, top = stance.build.neck
    middle = between(stance.shoulder, stance.nape, 0.5)
    return tube([stance.shoulder, middle, stance.nape], [base, (base + top) / 2, top])


def _legs(figure: Figure, stance: Stance, others: list[Tube], far: bool) -> None:
    """The two legs of one side, grown together with the other tubes."""
    shade, side, build = (0.7, -1.0, stance.build) if far else (1.0, 1.0, stance.build)
    legs = []
    for root, bend in ((-build.half * 0.98, build.bend), (build.half * 0.9, -build.bend * 0.35)):
        swing = stance.swing * side * (1 if root < 0 else -1) + 0.045 * side
        legs.append(tube(*(_folded(build, root) if stance.lying else _standing(build, root, swing, bend))))
    for leg in legs:
        _foot(figure, stance, leg, shade)
    figure.coat([*others, *legs], shade, belly=bool(others))


def _standing(build: Build, root: float, swing: float, bend: float) -> tuple[list[Pair], list[float]]:
    """Axis and radii of a leg from the hip down; ``bend`` sets the knee forward (hind) or back (fore)."""
    length, hip, knee, foot = build.leg
    points = [
        (root, build.girth[0] * 0.25),
        (root + swing * 0.4 + bend, length * 0.45),
        (root + swing * 0.75 - bend, length * 0.72),
        (root + swing, length - foot),
    ]
    return points, [hip, (hip + knee) / 2, knee, foot]


def _folded(build: Build, root: float) -> tuple[list[Pair], list[float]]:
    """Axis and radii of a leg of an animal that lies: stretched forward on the ground."""
    _, hip, knee, foot = build.leg
    ground = build.girth[1] * 1.15
    return [(root, ground * 0.3), (root + 0.12, ground * 0.75), (root + 0.36, ground)], [hip, knee * 1.2, foot]


def _foot(figure: Figure, stance: Stance, leg: Tube, shade: float) -> None:
    """A paw, a hoof, or the toes of a thick foot."""
    foot, (x, y), build = stance.build.leg[3], leg.axis[-1], stance.build
    colour = tinted(figure.palette.detail if build.foot == "hoof" else figure.palette.coat, shade * 0.92)
    width, height = {"paw": (1.45, 0.9), "hoof": (1.1, 0.85), "toes": (1.1, 0.75)}[build.foot]
    figure.blob(ellipse((x + foot * (width - 0.9), y + foot * 0.5), (foot * width, foot * height)), colour)
    if build.foot == "toes":
        for k in range(3):
            nail = ellipse((x + foot * (0.95 - 0.45 * k), y + foot * 1.0), (foot * 0.2, foot * 0.2))
            figure.fill(nail, tinted((206, 196, 180), shade))


def _head(figure: Figure, stance: Stance) -> None:
    _, _, skull, muzzle = stance.build.head
    _ear(figure, stance, 0.8, -0.35)
    head = [stance.nape, between(stance.nape, stance.muzzle, 0.55), stance.muzzle]
    figure.coat(tube(head, [skull, (skull + muzzle) / 2, muzzle]))
    _ear(figure, stance, 1.0, 0.0)
    figure.eye(stance.on_head(0.42, 0.32), max(0.018, skull * 0.13))


def _ear(figure: Figure, stance: Stance, shade: float, shift: float) -> None:
    length, half = stance.build.ear
    if not length:
        return
    root = stance.on_head(-0.3 + shift, 0.8)
    centre = along(root, stance.heading + 112, length * 0.6)
    figure.blob(ellipse(centre, (half, length * 0.75), 22 - stance.heading), tinted(figure.palette.coat, 0.9 * shade))
    figure.fill(ellipse(centre, (half * 0.55, length * 0.5), 22 - stance.heading), tinted(figure.palette.mark, shade))
