"""Birds that sit on a branch, and the heads of birds close by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .birds import BIRDS, Bird, branch, claws, feather, hooked_beak, owl_face
from .palettes import Colour, tinted
from .shapes import Pair, Tube, along, ellipse, smooth, tube

if TYPE_CHECKING:
    from .figure import Figure


def paint_perched(figure: Figure, label: str) -> None:
    """Paint a bird on a branch: owls face us, the others look to the right."""
    bird = BIRDS[label]
    if label == "Owl":
        _sitting_owl(figure, bird)
        return
    length, radius, tilt = bird.body
    tilt += figure.rng.uniform(-10, 8)
    rump: Pair = (0.0, 0.0)
    chest, nape = along(rump, tilt, length * 0.6), along(rump, tilt, length)
    branch(figure, radius * 0.75)
    _tail(figure, bird, tilt)
    body = tube(
        [along(rump, tilt + 180, radius * 0.4), rump, chest, nape],
        [radius * 0.35, radius * 0.72, radius, bird.head * 0.8],
    )
    figure.coat([body])
    _breast(figure, bird, body)
    for x in (0.02, 0.15):
        claws(figure, (x, radius * 0.72), 0.035)
    _closed_wing(figure, along(rump, tilt, length * 0.72), tilt, bird)
    _profile(figure, label, along(nape, tilt - 25, bird.head * 0.45), bird.head)


def _breast(figure: Figure, bird: Bird, body: Tube) -> None:
    """The paler breast, which macaws have in another colour."""
    if bird.pale_head and figure.palette.pattern == "plain":
        return
    side = Tube(body.axis + body.spoke * 0.45, body.tangent, body.radius * 0.5)
    figure.fill(side.outline(), figure.palette.under)
    figure.marks(side, figure.palette.mark)


def _tail(figure: Figure, bird: Bird, tilt: float) -> None:
    length, half = bird.tail
    for spread, shade in ((-9.0, 0.7), (7.0, 0.8), (0.0, 0.95)):
        colour = figure.palette.mark if spread else figure.palette.coat
        feather(figure, (0.0, 0.0), along((0.0, 0.0), tilt + 180 + spread, length), half * 0.75, tinted(colour, shade))


def _closed_wing(figure: Figure, shoulder: Pair, tilt: float, bird: Bird) -> None:
    """The folded wing: long feathers under two rows of coverts."""
    length, radius, _ = bird.body
    palette = figure.palette
    rows: tuple[tuple[float, float, Colour], ...] = (
        (1.05, 0.42, tinted(palette.mark, 0.9)),
        (0.72, 0.5, palette.accent),
        (0.46, 0.52, palette.coat),
    )
    for reach, width, colour in rows:
        tip = along(shoulder, tilt + 186, length * reach)
        middle = along(along(shoulder, tilt + 186, length * reach * 0.45), tilt + 90, -radius * 0.1)
        figure.limb(
            tube([shoulder, middle, tip], [radius * width, radius * width * 1.15, radius * 0.12]), tinted(colour, 0.92)
        )
    for k in range(3):
        tip = along(shoulder, tilt + 178 + 6 * k, length * (1.0 - 0.1 * k))
        quill = tube([along(shoulder, tilt + 182, length * 0.45), tip], [0.008, 0.004])
        figure.fill(quill.outline(), tinted(palette.mark, 0.6))


def _profile(figure: Figure, label: str, centre: Pair, radius: float) -> None:
    """A head that looks to the right."""
    bird, palette, (x, y) = BIRDS[label], figure.palette, centre
    colour = palette.under if bird.pale_head else palette.coat
    scale = radius / bird.head
    length, depth, hook = (value * scale for value in bird.beak)
    hooked_beak(figure, (x + radius * 0.72, y + radius * 0.12), (length, depth, hook), palette.detail)
    figure.blob(ellipse(centre, (radius, radius * 0.95)), colour)
    if label == "Parrot":
        figure.blob(ellipse((x + radius * 0.45, y + radius * 0.12), (radius * 0.45, radius * 0.4)), (240, 236, 226))
    figure.eye((x + radius * 0.38, y - radius * 0.14), radius * 0.16)
    if label == "Eagle":
        figure.fill(
            tube(
                [(x, y - radius * 0.42), (x + radius * 0.72, y - radius * 0.22)], [radius * 0.05, radius * 0.09]
            ).outline(),
            tinted(colour, 0.55),
        )


def paint_bird_head(figure: Figure, label: str) -> None:
    """Paint the head and the breast of a bird close by."""
    figure.cut_below = 1.05
    palette, bird = figure.palette, BIRDS[label]
    figure.coat([tube([(-0.1, 0.1), (-0.12, 0.6), (-0.14, 1.4)], [0.34, 0.44, 0.62])])
    if label == "Owl":
        _owl_head(figure, (0.0, 0.0), 0.52)
        return
    neck = palette.under if bird.pale_head else palette.coat
    ruff = [
        (-0.46, 0.0),
        (0.1, -0.3),
        (0.38, 0.1),
        (0.36, 0.5),
        (0.2, 0.8),
        (0.08, 0.62),
        (-0.06, 0.86),
        (-0.2, 0.66),
        (-0.4, 0.84),
        (-0.5, 0.5),
    ]
    figure.blob(smooth(ruff, 5), neck)
    _profile(figure, label, (0.0, 0.0), 0.44)


def _sitting_owl(figure: Figure, bird: Bird) -> None:
    length, radius, _ = bird.body
    palette = figure.palette
    foot = length * 0.5
    feather(figure, (0.0, foot - 0.1), (0.0, foot + bird.tail[0]), bird.tail[1], tinted(palette.coat, 0.7))
    branch(figure, foot + 0.05)
    figure.coat(tube([(0.0, -foot * 0.6), (0.0, -0.02), (0.0, foot - 0.05)], [radius * 0.8, radius, radius * 0.5]))
    belly = tube([(0.0, -foot * 0.35), (0.0, 0.05), (0.0, foot - 0.1)], [radius * 0.5, radius * 0.68, radius * 0.34])
    figure.fill(belly.outline(), palette.under)
    figure.marks(belly, palette.mark)
    for side in (-1.0, 1.0):
        wing = [(side * radius * 0.78, -foot * 0.42), (side * radius * 1.02, 0.02), (side * radius * 0.55, foot)]
        figure.coat(tube(wing, [radius * 0.24, radius * 0.3, 0.02]), shade=0.82)
        claws(figure, (side * 0.09, foot + 0.02), 0.032)
    top = -foot * 0.6 - bird.head * 0.45
    _owl_head(figure, (0.0, top), bird.head)


def _owl_head(figure: Figure, centre: Pair, size: float) -> None:
    x, y = centre
    profile = ((-0.86, 0.1), (-0.78, 0.5), (-0.5, 0.9), (0.0, 1.08), (0.5, 0.95), (0.85, 0.6), (0.98, 0.1))
    figure.coat(tube([(x, y + size * down) for down, _ in profile], [size * half for _, half in profile]))
    owl_face(figure, centre, size * 0.95)
