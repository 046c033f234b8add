"""Penguins from the front and from the side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .birds import hooked_beak
from .palettes import tinted
from .shapes import along, ellipse, smooth, tube

if TYPE_CHECKING:
    from .figure import Figure


def paint_from_the_front(figure: Figure, _label: str) -> None:
    """Paint a penguin that faces us, flippers out or down."""
    palette, lift = figure.palette, figure.rng.uniform(0.0, 0.22)
    figure.both(lambda side: _foot(figure, side * 0.13, 0.62))
    for side in (-1.0, 1.0):
        flipper = [(side * 0.22, -0.22), (side * (0.32 + lift * 0.6), 0.02), (side * (0.34 + lift), 0.28 - lift)]
        figure.limb(tube(flipper, [0.07, 0.065, 0.02]), tinted(palette.coat, 0.9))
    figure.coat(tube([(0.0, -0.48), (0.0, -0.15), (0.0, 0.22), (0.0, 0.5)], [0.13, 0.24, 0.29, 0.2]))
    figure.blob(
        smooth(
            [(0.0, -0.36), (0.17, -0.18), (0.23, 0.2), (0.14, 0.55), (-0.14, 0.55), (-0.23, 0.2), (-0.17, -0.18)], 6
        ),
        palette.under,
    )
    figure.blob(ellipse((0.0, -0.56), (0.165, 0.16)), palette.coat)
    _front_face(figure)


def _front_face(figure: Figure) -> None:
    palette = figure.palette
    figure.both(lambda side: figure.fill(ellipse((side * 0.115, -0.5), (0.05, 0.085), side * 18), palette.accent))
    figure.both(lambda side: figure.eye((side * 0.075, -0.6), 0.026))
    figure.fill(smooth([(-0.035, -0.55), (0.035, -0.55), (0.0, -0.42)], 5), palette.detail)
    figure.fill(smooth([(-0.02, -0.535), (0.015, -0.54), (0.0, -0.46)], 5), tinted(palette.detail, 1.25))


def paint_penguin_from_the_side(figure: Figure, _label: str) -> None:
    """Paint a penguin that walks to the right."""
    palette, lean = figure.palette, figure.rng.uniform(-0.08, 0.08)
    _foot(figure, -0.06, 0.63)
    _foot(figure, 0.1, 0.64)
    figure.fill(smooth([(-0.16, 0.42), (-0.34, 0.62), (-0.1, 0.58)], 5), tinted(palette.coat, 0.8))
    figure.coat(tube([(lean, -0.46), (lean * 0.6, -0.15), (0.0, 0.2), (-0.02, 0.5)], [0.12, 0.2, 0.245, 0.15]))
    front = [
        (lean + 0.07, -0.4),
        (lean * 0.6 + 0.2, -0.14),
        (0.235, 0.2),
        (0.1, 0.58),
        (0.0, 0.5),
        (0.05, 0.1),
        (lean * 0.6 + 0.06, -0.2),
    ]
    figure.blob(smooth(front, 6), palette.under)
    swing = figure.rng.uniform(-0.16, 0.2)
    shoulder = (lean * 0.7 - 0.02, -0.2)
    figure.limb(
        tube(
            [shoulder, (shoulder[0] - 0.05 + swing * 0.4, 0.05), along(shoulder, -95 + swing * 160, 0.5)],
            [0.075, 0.07, 0.022],
        ),
        tinted(palette.coat, 1.06),
    )
    _side_head(figure, (lean + 0.02, -0.56), 0.155)


def _side_head(figure: Figure, centre: tuple[float, float], radius: float) -> None:
    palette, (x, y) = figure.palette, centre
    hooked_beak(
        figure, (x + radius * 0.85, y + radius * 0.1), (radius * 1.05, radius * 0.34, radius * 0.16), palette.detail
    )
    figure.blob(ellipse(centre, (radius * 1.04, radius)), palette.coat)
    figure.fill(ellipse((x - radius * 0.15, y + radius * 0.5), (radius * 0.34, radius * 0.5), -35), palette.accent)
    figure.eye((x + radius * 0.42, y - radius * 0.15), radius * 0.17)


def paint_penguin_head(figure: Figure, _label: str) -> None:
    """Paint a penguin's head close by."""
    figure.cut_below = 1.0
    palette = figure.palette
    figure.coat(tube([(0.0, 0.0), (-0.02, 0.5), (-0.05, 1.3)], [0.34, 0.42, 0.62]))
    figure.blob(smooth([(0.24, 0.42), (0.42, 0.8), (0.5, 1.4), (0.0, 1.4), (0.04, 0.75)], 6), palette.under)
    _side_head(figure, (0.0, 0.0), 0.42)


def _foot(figure: Figure, x: float, y: float) -> None:
    orange = (222, 140, 60) if figure.palette.detail[0] > 120 else tinted(figure.palette.detail, 0.9)
    figure.blob(ellipse((x, y), (0.11, 0.04)), orange)
