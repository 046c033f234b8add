"""What stands in a landscape: hills, trees, rocks, ice, clouds."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from PIL import ImageDraw

from .palettes import Colour, ink_of, mixed, tinted

Ink = ImageDraw.ImageDraw


def _disc(ink: Ink, centre: tuple[float, float], radii: tuple[float, float], colour: Colour) -> None:
    (x, y), (across, down) = centre, radii
    ink.ellipse((x - across, y - down, x + across, y + down), fill=ink_of(colour))


def _hills(ink: Ink, size: tuple[int, int], horizon: float, rng: np.random.Generator) -> None:
    width, height = size
    tone: Colour = mixed((120, 140, 130), (170, 150, 130), float(rng.random()))
    for depth in range(2):
        x = np.linspace(0, width, 24)
        phase, wave = rng.uniform(0, 6), rng.uniform(1.2, 3.0)
        rise = height * (0.1 - 0.045 * depth) * (0.5 + 0.5 * np.sin(x / width * wave * 3 + phase))
        ridge = [(float(px), float(height * horizon - py)) for px, py in zip(x, rise, strict=True)]
        ink.polygon(
            [*ridge, (width, height * horizon + 2), (0, height * horizon + 2)],
            fill=ink_of(tinted(tone, 1.15 - 0.25 * depth)),
        )


def _acacias(ink: Ink, size: tuple[int, int], horizon: float, rng: np.random.Generator) -> None:
    width, height = size
    for _ in range(int(rng.integers(0, 5))):
        x, tall = rng.uniform(0, width), height * rng.uniform(0.08, 0.24)
        base, dark = height * (horizon + rng.uniform(0.0, 0.05)), rng.uniform(0.7, 1.1)
        ink.line(
            (x, base, x + tall * 0.1, base - tall),
            fill=ink_of(tinted((92, 72, 52), dark)),
            width=max(1, int(tall / 12)),
        )
        for k in range(4):
            spot = (x + tall * (0.1 + 0.3 * (k - 1.5)), base - tall * (1.0 + 0.07 * (k % 2)))
            _disc(ink, spot, (tall * 0.38, tall * 0.13), tinted((92, 112, 56), dark))


def _bushes(ink: Ink, size: tuple[int, int], horizon: float, rng: np.random.Generator) -> None:
    width, height = size
    for _ in range(int(rng.integers(4, 14))):
        reach = height * rng.uniform(0.03, 0.11)
        spot = (rng.uniform(0, width), height * horizon - reach * 0.3)
        _disc(ink, spot, (reach * 1.4, reach), tinted((70, 112, 56), rng.uniform(0.65, 1.1)))


def _tufts(ink: Ink, size: tuple[int, int], horizon: float, rng: np.random.Generator) -> None:
    width, height = size
    for _ in range(90):
        y = rng.uniform(horizon, 1.0)
        x, tall = rng.uniform(0, width), height * 0.07 * (y - horizon + 0.15)
        tone = mixed((150, 130, 70), (96, 116, 56), float(rng.random()))
        ink.line(
            (x, y * height, x + tall * rng.uniform(-0.6, 0.6), y * height - tall),
            fill=ink_of(tinted(tone, rng.uniform(0.75, 1.2))),
        )


def _trunks(ink: Ink, size: tuple[int, int], horizon: float, rng: np.random.Generator) -> None:
    width, height = size
    for _ in range(int(rng.integers(3, 9))):
        x, half = rng.uniform(0, width), width * rng.uniform(0.008, 0.035)
        foot = height * (horizon + rng.uniform(0, 0.12))
        ink.polygon(
            [(x - half, foot), (x - half * 0.7, 0), (x + half * 0.7, 0), (x + half, foot)],
            fill=ink_of(tinted((70, 56, 44), rng.uniform(0.5, 1.1))),
        )


def _leaves(ink: Ink, size: tuple[int, int], _horizon: float, rng: np.random.Generator) -> None:
    width, height = size
    for _ in range(110):
        spot = (rng.uniform(0, width), height * rng.uniform(0, 0.75) ** 1.2)
        reach = width * rng.uniform(0.01, 0.045)
        tone = mixed((44, 84, 38), (136, 164, 76), float(rng.random() ** 1.5))
        _disc(ink, spot, (reach, reach * rng.uniform(0.4, 0.9)), tone)


def _rocks(ink: Ink, size: tuple[int, int], horizon: float, rng: np.random.Generator) -> None:
    width, height = size
    for _ in range(int(rng.integers(3, 9))):
        x, y = rng.uniform(0, width), height * rng.uniform(horizon - 0.02, 1.0)
        reach, tone = width * rng.uniform(0.03, 0.13), tinted((136, 126, 114), rng.uniform(0.65, 1.15))
        crest = [
            (x + reach * np.cos(a), y - reach * 0.7 * np.sin(a) * rng.uniform(0.6, 1.1))
            for a in np.linspace(0, np.pi, 7)
        ]
        ink.polygon([(float(px), float(py)) for px, py in crest], fill=ink_of(tone))


def _bergs(ink: Ink, size: tuple[int, int], horizon: float, rng: np.random.Generator) -> None:
    width, height = size
    for _ in range(int(rng.integers(2, 6))):
        x, reach, tall = rng.uniform(0, width), width * rng.uniform(0.06, 0.2), height * rng.uniform(0.05, 0.2)
        base, tone = height * horizon + 1, tinted((206, 226, 240), rng.uniform(0.85, 1.1))
        peak = x + reach * rng.uniform(-0.4, 0.4)
        ink.polygon(
            [(x - reach, base), (peak - reach * 0.4, base - tall * 0.8), (peak, base - tall), (x + reach, base)],
            fill=ink_of(tone),
        )
        ink.polygon(
            [(peak, base - tall), (x + reach, base), (peak + reach * 0.1, base)], fill=ink_of(tinted(tone, 0.86))
        )


def _flakes(ink: Ink, size: tuple[int, int], _horizon: float, rng: np.random.Generator) -> None:
    if rng.random() < 0.5:
        return
    for x, y, reach in rng.uniform([0, 0, 0.4], [size[0], size[1], 1.6], (90, 3)):
        _disc(ink, (x, y), (reach, reach), (250, 252, 255))


def _clouds(ink: Ink, size: tuple[int, int], _horizon: float, rng: np.random.Generator) -> None:
    width, height = size
    for _ in range(int(rng.integers(2, 7))):
        x, y, reach = rng.uniform(0, width), height * rng.uniform(0.05, 0.95), width * rng.uniform(0.05, 0.13)
        for _ in range(6):
            spot = (x + reach * rng.uniform(-1.3, 1.3), y + reach * rng.uniform(-0.25, 0.2))
            _disc(
                ink,
                spot,
                (reach * rng.uniform(0.4, 0.9), reach * rng.uniform(0.2, 0.4)),
                tinted((240, 244, 248), rng.uniform(0.95, 1.02)),
            )


def _moon(ink: Ink, size: tuple[int, int], horizon: float, rng: np.random.Generator) -> None:
    width, height = size
    for x, y in rng.uniform([0, 0], [width, height * horizon], (40, 2)):
        _disc(ink, (x, y), (0.6, 0.6), (214, 220, 240))
    reach = height * rng.uniform(0.04, 0.09)
    _disc(ink, (width * rng.uniform(0.1, 0.9), height * rng.uniform(0.1, 0.3)), (reach, reach), (238, 236, 214))


def _lights(ink: Ink, size: tuple[int, int], _horizon: float, rng: np.random.Generator) -> None:
    """Discs of light as an open lens makes them."""
    tone: Colour = mixed((160, 186, 110), (220, 190, 130), float(rng.random()))
    for _ in range(40):
        spot = (rng.uniform(0, size[0]), rng.uniform(0, size[1]))
        reach = size[0] * rng.uniform(0.015, 0.07)
        _disc(ink, spot, (reach, reach), tinted(tone, rng.uniform(0.6, 1.25)))


DECOR: dict[str, Callable[[Ink, tuple[int, int], float, np.random.Generator], None]] = {
    "hills": _hills,
    "acacias": _acacias,
    "bushes": _bushes,
    "tufts": _tufts,
    "trunks": _trunks,
    "leaves": _leaves,
    "rocks": _rocks,
    "bergs": _bergs,
    "flakes": _flakes,
    "clouds": _clouds,
    "moon": _moon,
    "lights": _lights,
}
