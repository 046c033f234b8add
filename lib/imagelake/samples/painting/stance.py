"""How a four-legged animal holds itself: where neck and head point and how the legs stand."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .builds import Build
from .shapes import Pair, along


@dataclass(frozen=True, slots=True)
class Stance:
    """How one animal holds itself: where its neck and its head end, and how its legs stand."""

    build: Build
    swing: float  # stride, in units
    lying: bool
    shoulder: Pair
    nape: Pair
    muzzle: Pair

    @property
    def heading(self) -> float:
        """Direction of the head in degrees above the horizontal."""
        across, down = self.muzzle[0] - self.nape[0], self.muzzle[1] - self.nape[1]
        return float(np.degrees(np.arctan2(-down, across)))

    def on_head(self, forward: float, up: float) -> Pair:
        """A point on the head, ``forward`` of the skull's centre and ``up`` across, in units of the skull's radius."""
        skull = self.build.head[2]
        return along(along(self.nape, self.heading, forward * skull), self.heading + 90, up * skull)


def take_stance(build: Build, rng: np.random.Generator) -> Stance:
    """A stance drawn at random: head up or down within what the species does, legs in mid-stride or folded."""
    bow = rng.uniform(-14, 10) - (rng.uniform(30, 60) if rng.random() < 0.12 else 0)
    shoulder = (build.half * 0.86, -build.girth[2] * 0.25)
    nape = along(shoulder, build.neck[1] + bow, build.neck[0] + build.girth[2] * 0.35)
    muzzle = along(nape, build.head[1] + bow * 0.4 + rng.uniform(-8, 8), build.head[0])
    lying = build.foot == "paw" and rng.random() < 0.2
    return Stance(build, float(rng.uniform(-0.16, 0.16)), lying, shoulder, nape, muzzle)


def between(start: Pair, end: Pair, share: float) -> Pair:
    """The point a share of the way from start to end."""
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
