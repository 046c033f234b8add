"""The plan of a sample lake: every image's part, as a function of (seed, index).

Images come in blocks of 20 that hold each part once or more often, in shuffled order. Nothing refers to a later image,
so the first n images of a lake are the same whatever its size.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np

from imagelake.samples.painting.labels import LABEL_NAMES

from .classes import MISTAKEN_FOR
from .damage import DAMAGES, Damage

Split = Literal["train", "validation", "test"]
Part = Literal["plain", "wrong_label", "unlabelled", "exact_copy", "near_copy", "corrupt", "missing_bytes", "unlisted"]

T = TypeVar("T")

SPLITS: tuple[Split, ...] = ("train", "validation", "test")
BLOCK = 20
# The two slots of a block that are never shuffled: copies need an earlier original.
EXACT_ORIGINAL, NEAR_ORIGINAL = 0, 1
NEAR_CHANGES = ("reencoded", "resized", "cropped", "brightened")

# The weights of the labels, in the order of LABELS, not balanced.
_LABEL_WEIGHTS = (10, 9, 9, 10, 9, 11, 6, 9, 9, 10, 8)


@dataclass(frozen=True, slots=True)
class Slot:
    """One slot of a block: its part, the splits and the stories (see ``annotations.STORIES``) it takes in turn."""

    part: Part
    splits: tuple[Split, ...]
    stories: tuple[str, ...] = ("verified",)


SLOTS: tuple[Slot, ...] = (
    Slot("plain", ("train",)),
    Slot("plain", ("train",), ("machine_agrees",)),
    Slot("plain", ("train",)),
    Slot("plain", ("train",), ("twice",)),
    Slot("plain", ("train",), ("machine_doubts",)),
    Slot("plain", ("train",), ("at_threshold", "just_below", "denied")),
    Slot("plain", ("train",), ("contradicted", "contradicted_by_machine", "contradicted_thrice")),
    Slot("plain", ("train",), ("just_above", "single_precision", "written_long")),
    Slot("plain", ("validation",)),
    Slot("plain", ("validation",), ("machine_agrees",)),
    Slot("plain", ("test",)),
    Slot("plain", ("test",), ("twice",)),
    Slot("plain", ("test",)),
    Slot("wrong_label", ("train",)),
    Slot("unlabelled", ("train",)),
    Slot("exact_copy", ("train", "validation", "train", "test")),
    Slot("near_copy", ("test", "train", "validation", "train")),
    Slot("corrupt", ("train", "validation", "test")),
    Slot("missing_bytes", ("validation", "test", "train")),
    Slot("unlisted", ("test", "train", "validation")),
)


@dataclass(frozen=True, slots=True)
class ImagePlan:
    """One image's part in the lake.

    Attributes:
        seed: of the lake.
        index: of the image in the lake.
        image_id: 16 lower-case hexadecimal digits.
        split: the subset it is listed in.
        part: its role.
        story: of the rows of its main label.
        truth: name of the label that is drawn.
        given: name of the label that its rows state.
        drawn_index: the index whose drawing it shows; another's for copies.
        block: number of its block.
        first_of_block: whether it carries its block's dirty and stray rows.
    """

    seed: int
    index: int
    image_id: str
    split: Split
    part: Part
    story: str
    truth: str
    given: str
    drawn_index: int
    block: int
    first_of_block: bool

    @property
    def listed(self) -> bool:
        """The image list has a row for it."""
        return self.part != "unlisted"

    @property
    def damage(self) -> Damage | None:
        """How its file is damaged, if it is."""
        return DAMAGES[self.block % len(DAMAGES)] if self.part == "corrupt" else None

    @property
    def near_change(self) -> str:
        """What makes a near copy differ from its original."""
        return NEAR_CHANGES[self.block % len(NEAR_CHANGES)]

    def dice(self, purpose: str) -> np.random.Generator:
        """Random numbers for one purpose of this image, independent of all others."""
        return np.random.default_rng([self.seed, self.index, *purpose.encode()])


def image_id_of(seed: int, index: int, purpose: str = "image") -> str:
    """An id like those of Open Images: 16 lower-case hexadecimal digits."""
    return hashlib.sha256(f"{purpose} {seed} {index}".encode()).hexdigest()[:16]


def in_turn(faults: tuple[T, ...], block: int) -> tuple[T, ...]:
    """The faults that a block has: the first block all of them, each later block one, in turn."""
    return faults if block == 0 else (faults[block % len(faults)],)


def plan_image(seed: int, index: int) -> ImagePlan:
    """The part of the image at an index."""
    block, number = divmod(index, BLOCK)
    slot = SLOTS[_order_of(seed, block)[number]]
    originals = {"exact_copy": EXACT_ORIGINAL, "near_copy": NEAR_ORIGINAL}
    drawn_index = block * BLOCK + originals[slot.part] if slot.part in originals else index
    truth = _label_of(seed, drawn_index)
    return ImagePlan(
        seed=seed,
        index=index,
        image_id=image_id_of(seed, index),
        split=slot.splits[block % len(slot.splits)],
        part=slot.part,
        story=slot.stories[block % len(slot.stories)],
        truth=truth,
        given=MISTAKEN_FOR[truth] if slot.part == "wrong_label" else truth,
        drawn_index=drawn_index,
        block=block,
        first_of_block=number == 0,
    )


def _order_of(seed: int, block: int) -> list[int]:
    """The slots of a block in their shuffled order."""
    fixed = [EXACT_ORIGINAL, NEAR_ORIGINAL]
    shuffled = np.random.default_rng([seed, block, 20]).permutation(np.arange(len(fixed), BLOCK))
    return [*fixed, *(int(slot) for slot in shuffled)]


def _label_of(seed: int, index: int) -> str:
    weights = np.array(_LABEL_WEIGHTS, dtype=np.float64)
    return str(np.random.default_rng([seed, index, 11]).choice(LABEL_NAMES, p=weights / weights.sum()))
