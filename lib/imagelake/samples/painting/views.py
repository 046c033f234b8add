"""In which views each animal is drawn, how often, and where in the picture such a view belongs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from imagelake.samples.painting.labels import LABEL_NAMES

from .figure import Figure
from .flying import paint_flying
from .mammals import paint_from_the_side
from .palettes import individual
from .penguins import paint_from_the_front, paint_penguin_from_the_side, paint_penguin_head
from .perched import paint_bird_head, paint_perched
from .portraits import paint_face

Anchor = Literal["ground", "close", "air"]


@dataclass(frozen=True, slots=True)
class View:
    """One way to see an animal.

    Attributes:
        weight: how often, relative to the label's other views.
        paint: paints the animal of a label on an empty figure.
        anchor: it stands on the ground, is cut off by the lower edge, or is up in the air or on a branch.
    """

    weight: float
    paint: Callable[[Figure, str], None]
    anchor: Anchor


_MAMMAL = (View(2, paint_from_the_side, "ground"), View(1, paint_face, "close"))
_BIRD = (View(2, paint_perched, "air"), View(1.4, paint_flying, "air"), View(1, paint_bird_head, "close"))
_PENGUIN = (
    View(2, paint_from_the_front, "ground"),
    View(2, paint_penguin_from_the_side, "ground"),
    View(1, paint_penguin_head, "close"),
)
_SPECIAL: dict[str, tuple[View, ...]] = {
    "Rhinoceros": (View(4, paint_from_the_side, "ground"), View(1, paint_face, "close")),
    "Eagle": _BIRD,
    "Owl": _BIRD,
    "Parrot": _BIRD,
    "Penguin": _PENGUIN,
}

VIEWS: dict[str, tuple[View, ...]] = {name: _SPECIAL.get(name, _MAMMAL) for name in LABEL_NAMES}


def choose_view(label: str, rng: np.random.Generator) -> View:
    """One of the label's views, by weight."""
    views = VIEWS[label]
    weights = np.array([view.weight for view in views])
    return views[int(rng.choice(len(views), p=weights / weights.sum()))]


def paint(label: str, view: View, rng: np.random.Generator) -> Figure:
    """A figure of a new individual of the label in that view."""
    figure = Figure(individual(label, rng), rng)
    view.paint(figure, label)
    return figure
