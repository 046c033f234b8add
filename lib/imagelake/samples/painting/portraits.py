"""Heads of mammals that look at us."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .faces import FACES, Face
from .palettes import tinted
from .shapes import Pair, Points, along, ellipse, mirrored, smooth, tube

if TYPE_CHECKING:
    from collections.abc import Callable

    from .figure import Figure

_NOSE = (76, 46, 44)


def paint_face(figure: Figure, label: str) -> None:
    """Paint the head and shoulders of one animal of a species in ``FACES``."""
    face = FACES[label]
    figure.cut_below = face.profile[-1][0] + 0.5
    _bust(figure, face)
    _extras(figure, face, BEHIND)
    figure.both(lambda side: _ear(figure, face, side))
    figure.coat(tube([(0.0, y) for y, _ in face.profile], [width for _, width in face.profile]))
    _extras(figure, face, tuple(name for name in face.extras if name in MARKINGS))
    figure.both(lambda side: figure.eye((face.eye[0] * side, face.eye[1]), face.eye[2], face.slit))
    _muzzle(figure, face)
    _extras(figure, face, tuple(name for name in face.extras if name not in BEHIND + MARKINGS))


def _extras(figure: Figure, face: Face, names: tuple[str, ...]) -> None:
    for name in names:
        if name in face.extras:
            EXTRAS[name](figure, face)


def _bust(figure: Figure, face: Face) -> None:
    """Neck and shoulders behind the head, down to the picture's lower edge."""
    chin, (top, bottom) = face.profile[-1][0], face.bust
    axis = [(0.0, chin - 0.5), (0.0, chin), (0.0, chin + 0.32), (0.0, chin + 0.62)]
    figure.coat(tube(axis, [top * 0.8, top, top * 0.35 + bottom * 0.65, bottom]), shade=0.82)


def _ear(figure: Figure, face: Face, side: float) -> None:
    x, y, length, half, angle = face.ear
    if not length:
        _flap(figure, side)
        return
    centre = along((x * side, y), 90 - angle * side, length * 0.5)
    figure.fill(ellipse(centre, (half * 1.08, length * 0.64), angle * side), tinted(figure.palette.coat, 0.5))
    figure.fill(ellipse(centre, (half, length * 0.6), angle * side), tinted(figure.palette.coat, 0.92))
    figure.fill(ellipse(centre, (half * 0.62, length * 0.42), angle * side), tinted(figure.palette.mark, 0.9))


def _flap(figure: Figure, side: float) -> None:
    """An elephant's ear, spread."""
    size = figure.rng.uniform(0.9, 1.15)
    knots = [(0.25, -0.5), (0.62, -0.66), (1.0, -0.36), (0.96, 0.1), (0.68, 0.5), (0.42, 0.36)]
    ear = smooth([(x * size * side, y * size) for x, y in knots], 7)
    figure.blob(ear, tinted(figure.palette.coat, 0.85))
    figure.fill(ear.mean(0) + (ear - ear.mean(0)) * 0.72, tinted(figure.palette.under, 0.95))


def _muzzle(figure: Figure, face: Face) -> None:
    y, width, height = face.muzzle
    if not width:
        return
    dark = "crest" in face.extras
    colour = (58, 48, 46) if dark else figure.palette.under
    figure.blob(ellipse((0.0, y), (width, height)), colour)
    if face.slit:
        _cat_nose(figure, face)


def _cat_nose(figure: Figure, face: Face) -> None:
    """The triangular nose, the two cheeks beneath it and the mouth."""
    y, width, height = face.nose
    figure.both(
        lambda side: figure.fill(ellipse((side * 0.095, y + 0.13), (0.11, 0.085)), tinted(figure.palette.under, 1.3))
    )
    figure.fill(smooth([(-width, y - height * 0.6), (width, y - height * 0.6), (0.0, y + height)], 6), _NOSE)
    figure.fill(tube([(0.0, y + height * 0.6), (0.0, y + 0.17)], [0.012, 0.01]).outline(), _NOSE)
    for side in (-1.0, 1.0):
        lips = [(0.0, y + 0.17), (0.09 * side, y + 0.215), (0.17 * side, y + 0.18)]
        figure.fill(tube(lips, [0.012, 0.011, 0.006]).outline(), _NOSE)


def _mane(figure: Figure, face: Face) -> None:
    """Three rings of locks about the face; lionesses have none."""
    if figure.palette.pattern != "plain" or figure.rng.random() < 0.3:
        return
    middle = (face.profile[0][0] + face.profile[-1][0]) / 2
    for size, shade in ((1.04, 0.6), (0.88, 0.82), (0.72, 1.06)):
        count = 26
        reach = size * (1 + 0.07 * np.where(np.arange(count) % 2, 1, -1) + figure.rng.normal(0, 0.025, count))
        figure.fill(_star((0.0, middle + 0.05), reach), tinted(figure.palette.accent, shade))


def _star(centre: Pair, reach: Points) -> Points:
    turn = np.linspace(0, 2 * np.pi, len(reach), endpoint=False)
    knots = np.column_stack([np.cos(turn) * reach, np.sin(turn) * reach]) + centre
    return smooth([(float(x), float(y)) for x, y in knots], 3)


def _ruff(figure: Figure, _face: Face) -> None:
    """The white cheeks of a tiger with their stripes."""
    cheek = smooth([(0.27, 0.1), (0.5, 0.0), (0.62, 0.24), (0.44, 0.46), (0.22, 0.42)], 5)
    for outline in (cheek, mirrored(cheek)):
        figure.fill(outline, figure.palette.under)
    for y, reach in ((0.1, 0.16), (0.22, 0.17), (0.34, 0.13)):
        stripe = tube([(0.58 - (y > 0.3) * 0.08, y + 0.02), (0.56 - reach, y)], [0.024, 0.006]).outline()
        for outline in (stripe, mirrored(stripe)):
            figure.fill(outline, figure.palette.mark)


def _brows(figure: Figure, face: Face) -> None:
    """White patches above a tiger's eyes and the bars of its forehead."""
    x, y, size = face.eye
    figure.both(
        lambda side: figure.fill(
            ellipse((x * side, y - size * 1.3), (size * 1.7, size * 1.5), 18 * side), figure.palette.under
        )
    )
    for height, half in ((-0.3, 0.2), (-0.38, 0.15), (-0.46, 0.1)):
        bar = tube([(-half, height - 0.05), (0.0, height), (half, height - 0.05)], [0.006, 0.024, 0.006]).outline()
        figure.fill(bar, figure.palette.mark)


def _whiskers(figure: Figure, face: Face) -> None:
    y = face.muzzle[0]
    for side in (-1.0, 1.0):
        for rise in (-0.05, 0.02, 0.09):
            hair = [(0.12 * side, y + rise * 0.5), (0.34 * side, y + rise), (0.56 * side, y + rise * 2.2 + 0.04)]
            figure.fill(tube(hair, [0.005, 0.005, 0.003]).outline(), (250, 248, 240))


def _crest(figure: Figure, face: Face) -> None:
    """A zebra's upright mane between the ears."""
    crown = face.profile[0][0]
    comb = tube([(0.0, crown + 0.18), (0.0, crown - 0.1), (0.0, crown - 0.3)], [0.12, 0.13, 0.06])
    figure.limb(comb, figure.palette.accent)
    for x in (-0.05, 0.05):
        hair = tube([(x, crown + 0.1), (x * 1.1, crown - 0.25)], [0.02, 0.012])
        figure.fill(hair.outline(), figure.palette.coat)


def _nostrils(figure: Figure, face: Face) -> None:
    y, width, height = face.nose
    figure.both(
        lambda side: figure.fill(
            ellipse((width * 0.75 * side, y), (height * 1.1, height * 1.5), 20 * side), (34, 28, 28)
        )
    )


def _ossicones(figure: Figure, face: Face) -> None:
    crown = face.profile[0][0]
    for side in (-1.0, 1.0):
        horn = tube([(0.12 * side, crown + 0.12), (0.16 * side, crown - 0.22)], [0.06, 0.045])
        figure.limb(horn, figure.palette.coat)
        figure.blob(ellipse((0.16 * side, crown - 0.24), (0.075, 0.065)), figure.palette.accent)


def _trunk(figure: Figure, _face: Face) -> None:
    sway = figure.rng.uniform(-0.25, 0.25)
    figure.coat(tube([(0.0, 0.02), (0.0, 0.5), (sway * 0.5, 0.95), (sway, 1.25)], [0.25, 0.19, 0.14, 0.1]))


def _tusks(figure: Figure, _face: Face) -> None:
    if figure.rng.random() < 0.2:
        return
    for side in (-1.0, 1.0):
        tusk = tube([(0.23 * side, 0.32), (0.3 * side, 0.62), (0.22 * side, 0.9)], [0.07, 0.055, 0.015])
        figure.limb(tusk, figure.palette.accent)


def _horns(figure: Figure, _face: Face) -> None:
    figure.limb(tube([(0.0, 0.16), (0.0, 0.02), (0.0, -0.08)], [0.09, 0.06, 0.012]), figure.palette.detail)
    figure.limb(tube([(0.0, 0.55), (0.02, 0.2), (0.0, -0.18)], [0.14, 0.075, 0.012]), figure.palette.detail)


EXTRAS: dict[str, Callable[[Figure, Face], None]] = {
    "mane": _mane,
    "ruff": _ruff,
    "brows": _brows,
    "whiskers": _whiskers,
    "crest": _crest,
    "nostrils": _nostrils,
    "ossicones": _ossicones,
    "trunk": _trunk,
    "tusks": _tusks,
    "horns": _horns,
}
BEHIND = ("mane", "crest", "ossicones")
MARKINGS = ("ruff", "brows")
