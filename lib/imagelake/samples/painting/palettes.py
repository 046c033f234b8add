"""Colours of the animals: for every label the morphs that occur, and how often."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

Colour = tuple[float, float, float]  # red, green, blue, 0 to 255


@dataclass(frozen=True, slots=True)
class Palette:
    """The colours and the pattern of one individual.

    Attributes:
        coat: ground colour of the body.
        under: belly, muzzle or breast.
        mark: stripes, spots, patches.
        detail: beak, horn, hooves.
        accent: mane, crest, cheek or wing.
        eye: iris.
        pattern: a key of ``patterns.PATTERNS``.
    """

    coat: Colour
    under: Colour
    mark: Colour
    detail: Colour
    accent: Colour
    eye: Colour = (60, 40, 20)
    pattern: str = "plain"


def ink_of(colour: Colour) -> tuple[int, int, int]:
    """The colour as Pillow takes it."""
    red, green, blue = (int(min(255.0, max(0.0, channel))) for channel in colour)
    return red, green, blue


def tinted(colour: Colour, factor: float) -> Colour:
    """The colour darkened (factor below 1) or lightened towards white (above 1)."""
    if factor <= 1:
        return colour[0] * factor, colour[1] * factor, colour[2] * factor
    return mixed(colour, (255, 255, 255), min(1.0, factor - 1))


def mixed(first: Colour, second: Colour, share: float) -> Colour:
    """The colour a share of the way from the first to the second."""
    red, green, blue = (a + (b - a) * share for a, b in zip(first, second, strict=True))
    return red, green, blue


def _varied(colour: Colour, shift: Colour, gain: float) -> Colour:
    red, green, blue = (float(np.clip(c * gain + s, 0, 255)) for c, s in zip(colour, shift, strict=True))
    return red, green, blue


def individual(label: str, rng: np.random.Generator) -> Palette:
    """The colours of one animal: a morph drawn by its frequency, then varied as individuals vary."""
    shares, morphs = zip(*MORPHS[label], strict=True)
    palette: Palette = morphs[int(rng.choice(len(morphs), p=np.array(shares) / sum(shares)))]
    gain = float(rng.uniform(0.88, 1.1))
    red, green, blue = (float(shift) for shift in rng.normal(0, 7) + rng.normal(0, 2.5, 3))

    def vary(colour: Colour) -> Colour:
        return _varied(colour, (red, green, blue), gain)

    return replace(
        palette,
        coat=vary(palette.coat),
        under=vary(palette.under),
        mark=vary(palette.mark),
        detail=vary(palette.detail),
        accent=vary(palette.accent),
    )


_BLACK, _DARK, _CREAM, _WHITE = (28, 24, 24), (58, 46, 40), (240, 224, 196), (242, 240, 236)
_HOOF, _IVORY, _AMBER, _YELLOW = (58, 50, 46), (236, 226, 202), (214, 150, 40), (240, 196, 60)

MORPHS: dict[str, tuple[tuple[float, Palette], ...]] = {
    "Lion": (
        (6, Palette((206, 156, 92), (232, 204, 156), (150, 104, 60), _DARK, (128, 72, 30), _AMBER)),
        (3, Palette((214, 172, 112), (238, 216, 176), (176, 130, 80), _DARK, (176, 112, 48), _AMBER, "freckles")),
        (1, Palette((226, 212, 186), (244, 238, 224), (190, 170, 140), _DARK, (214, 190, 150), (120, 160, 190))),
    ),
    "Tiger": (
        (6, Palette((222, 128, 44), (246, 234, 214), _BLACK, _DARK, _WHITE, _AMBER, "slashes")),
        (2, Palette((206, 146, 78), (244, 228, 200), (74, 50, 36), _DARK, _WHITE, _AMBER, "slashes")),
        (1, Palette((236, 232, 224), (250, 250, 248), (60, 54, 54), _DARK, _WHITE, (120, 170, 210), "slashes")),
    ),
    "Leopard": (
        (6, Palette((214, 164, 88), (244, 230, 200), (52, 38, 28), _DARK, _CREAM, (170, 180, 90), "rosettes")),
        (2, Palette((222, 186, 126), (246, 236, 214), (104, 74, 48), _DARK, _CREAM, (170, 180, 90), "rosettes")),
        (1, Palette((204, 200, 192), (240, 238, 232), (72, 70, 70), _DARK, _WHITE, (150, 170, 160), "rosettes")),
    ),
    "Zebra": (
        (5, Palette((240, 238, 232), (248, 248, 246), _BLACK, _HOOF, _BLACK, _DARK, "bands")),
        (2, Palette((232, 222, 200), (246, 240, 226), (62, 48, 42), _HOOF, (62, 48, 42), _DARK, "bands")),
    ),
    "Giraffe": (
        (5, Palette((238, 214, 168), (246, 232, 204), (176, 108, 50), _HOOF, (120, 72, 40), _DARK, "patches")),
        (3, Palette((240, 222, 184), (248, 238, 214), (124, 72, 40), _HOOF, (84, 54, 36), _DARK, "patches")),
    ),
    "Elephant": (
        (5, Palette((134, 130, 130), (156, 150, 148), (104, 100, 100), _HOOF, _IVORY, _DARK, "wrinkles")),
        (3, Palette((150, 128, 112), (172, 150, 134), (118, 100, 88), _HOOF, _IVORY, _DARK, "wrinkles")),
    ),
    "Rhinoceros": (
        (
            5,
            Palette(
                (142, 138, 136), (162, 156, 152), (106, 102, 100), (196, 184, 164), (120, 114, 110), _DARK, "wrinkles"
            ),
        ),
        (
            3,
            Palette((126, 118, 108), (150, 142, 130), (94, 88, 80), (184, 170, 148), (108, 100, 92), _DARK, "wrinkles"),
        ),
    ),
    "Eagle": (
        (4, Palette((84, 58, 38), _WHITE, (58, 40, 28), _YELLOW, (70, 48, 32), (236, 206, 110))),
        (4, Palette((112, 78, 48), (160, 118, 70), (70, 48, 30), _YELLOW, (92, 62, 38), (214, 150, 60), "barring")),
        (2, Palette((60, 52, 48), (92, 80, 70), (40, 34, 32), (226, 190, 90), (50, 44, 40), (190, 130, 50))),
    ),
    "Owl": (
        (
            5,
            Palette(
                (142, 108, 72), (206, 178, 138), (84, 60, 40), (70, 62, 54), (176, 140, 98), (244, 186, 40), "barring"
            ),
        ),
        (
            2,
            Palette(
                (128, 122, 116),
                (196, 190, 182),
                (78, 74, 70),
                (196, 170, 90),
                (160, 154, 146),
                (240, 206, 70),
                "barring",
            ),
        ),
        (
            2,
            Palette((238, 236, 230), (248, 246, 242), (120, 112, 104), (60, 56, 52), _WHITE, (244, 210, 60), "barring"),
        ),
    ),
    "Parrot": (
        (4, Palette((208, 44, 40), (216, 60, 50), (36, 84, 176), (70, 62, 60), (244, 200, 50), (236, 220, 150))),
        (4, Palette((42, 110, 196), (244, 184, 48), (30, 84, 160), (44, 42, 44), (56, 148, 92), (236, 220, 150))),
        (4, Palette((70, 160, 60), (120, 190, 70), (44, 116, 48), (222, 150, 70), (220, 60, 50), (226, 150, 60))),
        (1, Palette((150, 154, 158), (184, 186, 188), (112, 116, 122), (40, 40, 42), (196, 46, 48), (238, 230, 160))),
    ),
    "Penguin": (
        (4, Palette((38, 40, 50), _WHITE, _BLACK, (60, 50, 50), (246, 186, 60), _DARK)),
        (3, Palette((44, 46, 52), _WHITE, _BLACK, (206, 96, 50), _WHITE, _DARK)),
        (2, Palette((92, 98, 108), (236, 232, 224), (60, 64, 72), (70, 62, 62), (206, 200, 188), _DARK)),
    ),
}
