"""Birds: proportions, one row each, and the parts that all their views share. Lengths in units of about one body."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .figure import Figure
from .palettes import Colour, tinted
from .shapes import Pair, along, ellipse, mirrored, smooth, tube


@dataclass(frozen=True, slots=True)
class Bird:
    """Proportions of a perching bird.

    Attributes:
        body: length, greatest radius, degrees above the horizontal when it sits.
        head: radius.
        beak: length, depth, how far its tip hooks down.
        tail: length, half width.
        wing: span of one wing in flight, length of its feathers, how far they spread (0 to 1).
        pale_head: the head has the colour ``Palette.under`` instead of the coat's.
    """

    body: tuple[float, float, float]
    head: float
    beak: tuple[float, float, float]
    tail: tuple[float, float]
    wing: tuple[float, float, float]
    pale_head: bool = False


BIRDS: dict[str, Bird] = {
    "Eagle": Bird((0.72, 0.2, 58), 0.14, (0.15, 0.07, 0.08), (0.34, 0.11), (0.95, 0.42, 1.0), pale_head=True),
    "Owl": Bird((0.66, 0.26, 82), 0.22, (0.07, 0.05, 0.05), (0.2, 0.12), (0.78, 0.4, 0.45)),
    "Parrot": Bird((0.56, 0.165, 66), 0.15, (0.13, 0.11, 0.12), (0.72, 0.055), (0.72, 0.34, 0.6)),
}


def hooked_beak(figure: Figure, root: Pair, size: tuple[float, float, float], colour: Colour) -> None:
    """A beak that points to the right from the middle of its base, ``size`` = length, depth, hook."""
    (x, y), (length, depth, hook) = root, size
    lower = smooth([(x, y + depth * 0.1), (x + length * 0.55, y + depth * 0.35), (x, y + depth * 0.8)], 5)
    figure.fill(lower, tinted(colour, 0.72))
    ridge = [(x - 0.01, y - depth * 0.75), (x + length * 0.55, y - depth * 0.72), (x + length, y - depth * 0.05)]
    tip = [(x + length * 0.97, y + hook), (x + length * 0.72, y + depth * 0.3), (x - 0.01, y + depth * 0.42)]
    figure.fill(smooth([*ridge, *tip], 6), tinted(colour, 0.8))
    shine = np.array([x + length * 0.45, y - depth * 0.12])
    figure.fill(ellipse((float(shine[0]), float(shine[1])), (length * 0.36, depth * 0.3), 12), tinted(colour, 1.1))


def front_beak(figure: Figure, root: Pair, size: Pair, colour: Colour) -> None:
    """A short beak seen from the front, ``size`` = half width, length."""
    (x, y), (half, length) = root, size
    figure.fill(smooth([(x - half, y), (x, y - half * 0.6), (x + half, y), (x, y + length)], 6), tinted(colour, 0.75))
    figure.fill(
        smooth([(x - half * 0.6, y), (x, y - half * 0.3), (x + half * 0.5, y), (x, y + length * 0.75)], 6), colour
    )


def feather(figure: Figure, root: Pair, tip: Pair, half: float, colour: Colour) -> None:
    """One long feather with a darker rim."""
    middle = ((root[0] + tip[0]) / 2, (root[1] + tip[1]) / 2)
    vane = tube([root, middle, tip], [half * 0.7, half, half * 0.45], 4)
    figure.fill(vane.swollen(1.0, 0.006).outline(), tinted(colour, 0.6))
    figure.fill(vane.outline(), colour)


def claws(figure: Figure, foot: Pair, size: float) -> None:
    """Three toes that grip what the bird sits on."""
    for shift in (-0.8, 0.0, 0.8):
        toe = tube(
            [(foot[0] + shift * size, foot[1] - size), (foot[0] + shift * size * 1.2, foot[1] + size)],
            [size * 0.42, size * 0.26],
        )
        figure.limb(toe, figure.palette.detail)


def branch(figure: Figure, height: float) -> None:
    """A branch right across the picture for the bird to sit on."""
    wood, rng = Figure(figure.palette, figure.rng), figure.rng
    bark = (104, 78, 56) if rng.random() < 0.7 else (136, 122, 104)
    drift = rng.uniform(-0.5, 0.5)
    axis = [(-4.0, height + drift), (-0.6, height + drift * 0.1), (0.6, height - drift * 0.1), (4.0, height - drift)]
    wood.limb(tube(axis, [0.12, 0.066, 0.056, 0.09]), bark)
    for _ in range(int(rng.integers(0, 9))):
        x = float(rng.choice([-1, 1]) * rng.uniform(0.3, 1.6))
        leaf = along((x, height - drift * 0.1 * x), rng.uniform(20, 160), 0.12)
        wood.blob(ellipse(leaf, (0.1, 0.045), rng.uniform(-60, 60)), (86, 140, 62))
    figure.scenery.extend(wood.strokes)


def owl_face(figure: Figure, centre: Pair, size: float) -> None:
    """An owl's face: ear tufts on some, two feather discs, eyes and beak."""
    palette, (x, y) = figure.palette, centre
    if figure.rng.random() < 0.55:
        tuft = smooth([(0.35, -0.75), (0.95, -1.35), (0.95, -0.4)], 5)
        for outline in (tuft, mirrored(tuft)):
            figure.fill(outline * size + [x, y], tinted(palette.coat, 0.75))
    figure.both(
        lambda side: figure.fill(
            ellipse((x + side * size * 0.44, y), (size * 0.56, size * 0.62)), tinted(palette.mark, 0.95)
        )
    )
    figure.both(
        lambda side: figure.fill(ellipse((x + side * size * 0.43, y), (size * 0.49, size * 0.55)), palette.under)
    )
    figure.both(
        lambda side: figure.fill(
            ellipse((x + side * size * 0.41, y), (size * 0.34, size * 0.38)), tinted(palette.accent, 0.95)
        )
    )
    brow = smooth([(0.02, 0.05), (0.16, -0.38), (0.72, -0.82), (0.5, -0.5)], 5)
    for outline in (brow, mirrored(brow)):
        figure.fill(outline * size + [x, y], tinted(palette.coat, 0.62))
    figure.both(lambda side: figure.eye((x + side * size * 0.4, y + size * 0.02), size * 0.21))
    front_beak(figure, (x, y + size * 0.22), (size * 0.13, size * 0.4), palette.detail)
