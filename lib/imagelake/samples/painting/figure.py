"""A figure: filled outlines in the order in which they are painted, in the animal's own units."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from .palettes import Colour, Palette, mixed, tinted
from .patterns import PATTERNS
from .shapes import Pair, Points, Tube, ellipse

if TYPE_CHECKING:
    from collections.abc import Callable

_DARK: Colour = (26, 22, 22)


@dataclass(slots=True)
class Figure:
    """What an animal's anatomy paints with: its colours, its dice, and the outlines painted so far."""

    palette: Palette
    rng: np.random.Generator
    strokes: list[tuple[Points, Colour]] = field(default_factory=list)
    scenery: list[tuple[Points, Colour]] = field(
        default_factory=list
    )  # a branch: behind the animal and no part of its box
    cut_below: float | None = None  # a close-up ends here: the picture's lower edge is at or above this y

    def fill(self, outline: Points, colour: Colour) -> None:
        """Paint one closed outline."""
        self.strokes.append((outline, colour))

    def blob(self, outline: Points, colour: Colour) -> None:
        """Paint an outline with a lighter core, so that it looks round."""
        centre = (outline.max(0) + outline.min(0)) / 2
        self.fill(outline, tinted(colour, 0.86))
        self.fill(centre + (outline - centre) * 0.88 - [0, np.ptp(outline[:, 1]) * 0.035], colour)

    def limb(self, limb: Tube, colour: Colour, belly: Colour | None = None) -> None:
        """Paint a tube in four tones: outline, shade (or belly), base and light."""
        self.fill(limb.swollen(1.04, 0.006).outline(), tinted(colour, 0.55))
        self.fill(limb.outline(), belly or tinted(colour, 0.8))
        self.fill(limb.lit(0.12, 0.9 if belly is None else 0.82).outline(), colour)
        self.fill(limb.lit(0.38, 0.5).outline(), tinted(colour, 1.12))

    def coat(self, limbs: Tube | list[Tube], shade: float = 1.0, belly: bool = False) -> None:
        """Paint tubes with the animal's own coat and its pattern, darker by ``shade`` on the far side.

        Several tubes are painted tone by tone, so that they grow together without a seam; the first one has the belly.
        """
        palette, together = self.palette, [limbs] if isinstance(limbs, Tube) else limbs
        base, under = tinted(palette.coat, shade), tinted(palette.under, shade * 0.92)
        for limb in together:
            self.fill(limb.swollen(1.03, 0.006).outline(), tinted(base, 0.5))
        for k, limb in enumerate(together):
            self.fill(limb.outline(), under if belly and k == 0 else tinted(base, 0.78))
        for k, limb in enumerate(together):
            self.fill(limb.lit(0.12, 0.82 if belly and k == 0 else 0.9).outline(), base)
        for limb in together:
            self.fill(limb.lit(0.36, 0.52).outline(), tinted(base, 1.1))
        for limb in together:
            self.marks(limb, tinted(palette.mark, shade))

    def marks(self, limb: Tube, colour: Colour) -> None:
        """Paint only the animal's pattern on a tube."""
        outlines = PATTERNS[self.palette.pattern](limb, self.rng)
        for outline in outlines:
            self.fill(outline, colour)
        if self.palette.pattern == "rosettes":
            self._hollow(outlines, colour)

    def _hollow(self, outlines: list[Points], colour: Colour) -> None:
        """Open the larger spots into rosettes."""
        heart = mixed(self.palette.coat, colour, 0.3)
        for outline in outlines:
            if self.rng.random() < 0.7:
                centre = outline.mean(0)
                self.fill(centre + (outline - centre) * 0.5, heart)

    def eye(self, centre: Pair, size: float, slit: bool = False) -> None:
        """Paint an eye with a rim, an iris, a pupil and a spark of light."""
        self.fill(ellipse(centre, (size * 1.25, size * 1.15)), _DARK)
        self.fill(ellipse(centre, (size, size)), self.palette.eye)
        self.fill(ellipse(centre, (size * (0.4 if slit else 0.55), size * 0.62)), _DARK)
        self.fill(ellipse((centre[0] - size * 0.25, centre[1] - size * 0.3), (size * 0.2, size * 0.2)), (250, 250, 250))

    def both(self, paint: Callable[[float], None]) -> None:
        """Paint something on the left (-1) and on the right (+1)."""
        for side in (-1.0, 1.0):
            paint(side)

    def bounds(self) -> tuple[Points, Points]:
        """The lowest and the highest corner, each [2], of everything painted."""
        points = np.vstack([outline for outline, _ in self.strokes])
        if self.cut_below is not None:
            points = points[points[:, 1] <= self.cut_below]
        return points.min(0), points.max(0)
