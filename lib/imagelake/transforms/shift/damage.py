"""Which damage the changes of several properties together look like: blur lowers other ones than compression does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from imagelake.measures.shift.corrections import holm
from imagelake.transforms.shift.evidence import CannotError, Evidence, judged_row
from imagelake.transforms.shift.property_hypotheses import property_test
from imagelake.transforms.shift.words import share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagelake.transforms.shift.property_counts import PropertyCounts

Row = dict[str, Any]

PROPERTIES = ("brightness", "contrast", "gradient", "sharpness", "bytes_per_pixel", "ppi")
SATURATED = 2.0  # deviations
SIMILAR = 0.75  # cosine to the nearest signature, below which a change is called none of them
COLOURLESS = "without colour"
GREY_MODES = ("L", "LA", "1", "I", "I;16", "F")  # Pillow's modes of one channel
GREYER = 0.2  # of the images more are without colour, to be worth a word
SIDES = ("before", "after")
LOOK = "look"
"""Key of a row, no column: how the images look, where that is more than chance."""


@dataclass(frozen=True)
class Signature:
    """What a damage does to each of PROPERTIES, up to a factor, and what it is called; the other way round as well.

    The numbers follow from what is done to the pixels: light times a factor scales brightness, contrast, gradient and,
    by its square, sharpness; blur takes gradients and the bytes that code them; compression takes bytes alone; noise
    adds all of these; fewer pixels need more bytes each, and are enlarged to the network's input with softer edges.
    """

    name: str
    converse: str
    changes: tuple[float, ...]


SIGNATURES = (
    Signature("darker", "brighter", (-1, -1, -1, -1, -0.5, 0)),
    Signature("flatter, of less contrast", "of more contrast", (0, -1, -1, -1, -0.5, 0)),
    Signature("blurred", "noisier or sharper", (0, 0, -1, -1, -1, 0)),
    Signature("more compressed", "less compressed or noisier", (0, 0, 0, 0, -1, 0)),
    Signature("smaller: scaled down or cropped", "larger", (0, 0, -0.5, -0.5, 0.7, -1)),
)


def look_of(effects: Mapping[str, float]) -> tuple[str, float]:
    """The nearest signature, by the cosine of the changes, and this cosine.

    Args:
        effects: of the properties that changed, in deviations; at least one of PROPERTIES.
    """
    found = np.array([effects.get(name, 0.0) for name in PROPERTIES])
    # Some properties have a lower end near their mean and others have none, so large changes count by little more.
    found = found / (SATURATED + np.abs(found))
    cosines = [
        float(found @ one.changes) / float(np.linalg.norm(found) * np.linalg.norm(one.changes)) for one in SIGNATURES
    ]
    nearest = int(np.argmax(np.abs(cosines)))
    one = SIGNATURES[nearest]
    return (one.name if cosines[nearest] > 0 else one.converse), abs(cosines[nearest])


def damage(evidence: Evidence) -> Row:
    """How the images after look beside those before, where their properties changed together as a damage changes them.

    Raises:
        CannotError: these properties are not known of both sets.
    """
    properties = evidence.pair.properties
    effects = changed(properties, evidence.alpha)
    known = [one.name for one in properties if one.name in PROPERTIES]
    if len(known) < len(PROPERTIES):
        missing = ", ".join(name for name in PROPERTIES if name not in known)
        raise CannotError(f"the damage is told by {', '.join(PROPERTIES)}, of which both sets lack {missing}")
    looks, cosine = [], 1.0
    if greyer := _greyer(properties, evidence.alpha):
        looks.append(COLOURLESS)
        # One channel needs fewer bytes: alone these tell nothing more.
        effects = {} if set(effects) == {"bytes_per_pixel"} else effects
    if effects:
        look, cosine = look_of(effects)
        looks += [look] if cosine >= SIMILAR else []
    in_order = sorted(effects.items(), key=lambda one: -abs(one[1]))
    listed = ", ".join(f"{name.replace('_', ' ')} {effect:+.1f} deviations" for name, effect in in_order)
    what = "; ".join(part for part in (greyer, listed) if part)
    if not what:
        return judged_row(False, "none of the properties by which a damage is told has changed beyond chance", 0.0)
    if not looks:
        nearest = f"the nearest is {look} (similarity {cosine:.2f})"
        return judged_row(False, f"what has changed is like no known damage: {what}; {nearest}", cosine)
    together = " and ".join(looks)
    answer = f"the images after look {together}, by what has changed: {what} (similarity {cosine:.2f})"
    return judged_row(True, answer, cosine) | {LOOK: together}


def _greyer(properties: Sequence[PropertyCounts], alpha: float) -> str:
    """How many more images are without colour by their mode, in words; nothing where that is chance or little."""
    for one in properties:
        if one.name == "mode" and property_test(one).p < alpha:
            grey = one.strata["stratum"].isin(GREY_MODES)
            before, after = (float(one.strata[side][grey].sum() / one.strata[side].sum()) for side in SIDES)
            if after - before >= GREYER:
                return f"without colour are {share(before)} before and {share(after)} after"
    return ""


def changed(properties: Sequence[PropertyCounts], alpha: float) -> dict[str, float]:
    """Those of PROPERTIES that changed by enough, beyond chance, in deviations."""
    tests = {one.name: property_test(one) for one in properties if one.name in PROPERTIES}
    corrected = holm([test.p for test in tests.values()]).tolist()
    return {
        name: test.statistic
        for (name, test), p in zip(tests.items(), corrected, strict=True)
        if test.large and p < alpha
    }
