"""Birds in flight, seen from below with the head up or to one side."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .birds import BIRDS, Bird, feather, front_beak, owl_face
from .palettes import Colour, mixed, tinted
from .shapes import Pair, along, ellipse, tube

if TYPE_CHECKING:
    from .figure import Figure


def paint_flying(figure: Figure, label: str) -> None:
    """Paint a bird with both wings spread."""
    bird, rng = BIRDS[label], figure.rng
    lift = rng.uniform(-8, 38)
    _tail_fan(figure, bird)
    for side in (-1.0, 1.0):
        _wing(figure, bird, side, lift + rng.uniform(-5, 5))
    length, radius, _ = bird.body
    figure.coat(
        tube([(0.0, -length * 0.45), (0.0, 0.0), (0.0, length * 0.5)], [radius * 0.6, radius * 0.8, radius * 0.3])
    )
    belly = tube(
        [(0.0, -length * 0.25), (0.0, 0.05), (0.0, length * 0.35)], [radius * 0.3, radius * 0.46, radius * 0.2]
    )
    if not bird.pale_head:
        figure.fill(belly.outline(), figure.palette.under)
    figure.marks(belly, figure.palette.mark)
    _head(figure, label, (0.0, -length * 0.5))


def _wing_colour(figure: Figure, share: float) -> Colour:
    """Feather colour from the body (0) to the wing tip (1): coat, accent, mark."""
    palette = figure.palette
    if share < 0.5:
        return mixed(palette.coat, palette.accent, share * 2)
    return mixed(palette.accent, palette.mark, share * 2 - 1)


def _wing(figure: Figure, bird: Bird, side: float, lift: float) -> None:
    span, depth, spread = bird.wing
    shoulder: Pair = (side * bird.body[1] * 0.4, -bird.body[0] * 0.22)
    degrees = lift if side > 0 else 180 - lift
    wrist = along(along(shoulder, degrees, span * 0.45), 90, span * 0.1)
    tip = along(wrist, degrees - side * 14, span * 0.52)
    arm = tube([shoulder, wrist, tip], [0.07, 0.06, 0.03])
    count = 15
    for k in reversed(range(count)):
        share = k / (count - 1)
        root = arm.at(np.array([share * 0.98]), np.zeros(1))[0]
        fan = np.interp(share, [0, 0.5, 1], [-92, -78 + 8 * spread, -18 - 30 * (1 - spread)])
        reach = depth * float(np.interp(share, [0, 0.45, 0.8, 1], [0.85, 0.8, 1.0, 0.75 + 0.2 * spread]))
        direction = fan if side > 0 else 180 - fan
        end = along((float(root[0]), float(root[1])), direction + side * lift * 0.4, reach)
        feather(
            figure,
            (float(root[0]), float(root[1])),
            end,
            0.052 - 0.016 * share * spread,
            tinted(_wing_colour(figure, share), 0.92),
        )
    figure.coat(tube([shoulder, wrist, tip], [0.1, 0.085, 0.025]))


def _tail_fan(figure: Figure, bird: Bird) -> None:
    length, half = bird.tail
    colour = figure.palette.under if bird.pale_head and figure.rng.random() < 0.6 else figure.palette.mark
    for spread in (-16.0, 16.0, -8.0, 8.0, 0.0):
        width = half * 0.55 if half > 0.08 else half * 0.7
        wide = spread if half > 0.08 else spread * 0.4
        feather(
            figure,
            (0.0, bird.body[0] * 0.35),
            along((0.0, bird.body[0] * 0.35), 270 + wide, length * 1.05),
            width,
            tinted(colour, 0.9),
        )


def _head(figure: Figure, label: str, centre: Pair) -> None:
    bird, palette = BIRDS[label], figure.palette
    if label == "Owl":
        figure.blob(ellipse(centre, (bird.head * 0.85, bird.head * 0.8)), palette.coat)
        owl_face(figure, centre, bird.head * 0.75)
        return
    colour = palette.under if bird.pale_head else palette.coat
    x, y = centre[0], centre[1] - bird.head * 0.3
    figure.blob(ellipse((x, y), (bird.head * 0.72, bird.head * 0.85)), colour)
    figure.both(lambda side: figure.eye((x + side * bird.head * 0.42, y - bird.head * 0.1), bird.head * 0.13))
    front_beak(figure, (x, y + bird.head * 0.1), (bird.head * 0.24, bird.head * 0.62), palette.detail)
