"""The label rows of each image, by people and by classifiers, each with the expected result of cleaning."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelake.samples.painting.labels import LABEL_NAMES, MID_OF

from .classes import BOXABLE, SCENE_MIDS, UNKNOWN_MID, parents
from .plan import ImagePlan, Split, image_id_of, in_turn
from .raw_files import KEPT, RawRow

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np

LABEL_COLUMNS = ("ImageID", "Source", "LabelName", "Confidence")

_HUMAN, _CROWD, _MACHINE = "verification", "crowdsource-verification", "machine"
_DRAWN = "drawn"  # a confidence between 0.1 and 0.9

# Rows about one label of one image: (source, confidence, fate). Only confidences above 0.99 are kept.
STORIES: dict[str, tuple[tuple[str, str, str], ...]] = {
    "verified": ((_HUMAN, "1", KEPT),),
    "crowd_verified": ((_CROWD, "1", KEPT),),
    "machine_agrees": ((_HUMAN, "1", KEPT), (_MACHINE, "0.995", "duplicate")),
    "machine_doubts": ((_HUMAN, "1", KEPT), (_MACHINE, _DRAWN, "low_confidence")),
    "machine_confident": ((_MACHINE, "0.993", KEPT),),
    "twice": ((_HUMAN, "1", KEPT), (_HUMAN, "1", "duplicate")),
    "denied": ((_HUMAN, "0", "low_confidence"), (_MACHINE, _DRAWN, "low_confidence")),
    "negative": ((_HUMAN, "0", "low_confidence"),),
    "uncertain": ((_MACHINE, _DRAWN, "low_confidence"),),
    "contradicted": ((_HUMAN, "1", "contradictory"), (_CROWD, "0", "contradictory")),
    "contradicted_by_machine": ((_HUMAN, "0", "contradictory"), (_MACHINE, "0.998", "contradictory")),
    "contradicted_thrice": (
        (_HUMAN, "1", "contradictory"),
        (_CROWD, "0", "contradictory"),
        (_MACHINE, "0.6", "contradictory"),
    ),
    "at_threshold": ((_MACHINE, "0.99", "low_confidence"),),
    "just_below": ((_MACHINE, "0.989999999", "low_confidence"),),
    "just_above": ((_MACHINE, "0.990000001", KEPT),),
    # 0.99 as a 32-bit float: above the threshold, though equal to 0.99 for a reader with 32-bit floats.
    "single_precision": ((_MACHINE, "0.9900000095367432", KEPT),),
    "written_long": ((_HUMAN, "1.000000", KEPT),),
}

# Rows that cannot be read: reason, then (column, cell) replacements in a verified row. Column -1 drops the last cell,
# column 4 adds one.
_DIRT: tuple[tuple[str, tuple[tuple[int, str], ...]], ...] = (
    ("malformed_row", ((-1, ""),)),
    ("malformed_row", ((4, "1"),)),
    ("missing_image_id", ((0, ""),)),
    ("missing_image_id", ((0, ""), (3, "abc"))),
    ("missing_label", ((2, ""),)),
    ("missing_label", ((2, ""), (3, "1.7"))),
    ("missing_confidence", ((3, ""),)),
    ("confidence_not_a_number", ((3, "abc"),)),
    ("confidence_not_a_number", ((3, "NaN"),)),
    ("confidence_out_of_range", ((3, "1.7"),)),
    ("confidence_out_of_range", ((3, "-0.2"),)),
)


@dataclass(frozen=True, slots=True)
class LabelRow:
    """A row of a label file, and which of the two files of a split it belongs to."""

    split: Split
    machine: bool
    row: RawRow


def label_rows(plan: ImagePlan) -> Iterator[LabelRow]:
    """All label rows of an image."""
    if plan.first_of_block:
        yield from _dirty_rows(plan)
        yield from _stray_rows(plan)
    if plan.part == "unlabelled":
        return
    dice = plan.dice("labels")
    yield from rows_of_story(plan, MID_OF[plan.given], plan.story, dice)
    for mid, story in _side_labels(plan, dice):
        yield from rows_of_story(plan, mid, story, dice)


def rows_of_story(
    plan: ImagePlan, mid: str, story: str, dice: np.random.Generator, image_id: str | None = None
) -> Iterator[LabelRow]:
    """The rows of a story about one label of the image, or of another image id that is in no list."""
    override = "unknown_class" if mid == UNKNOWN_MID else "unknown_image" if image_id or not plan.listed else ""
    for source, confidence, fate in STORIES[story]:
        value = str(dice.integers(1, 10) / 10) if confidence == _DRAWN else confidence
        row = RawRow((image_id or plan.image_id, source, mid, value), override or fate)
        yield LabelRow(plan.split, source == _MACHINE, row)


def _side_labels(plan: ImagePlan, dice: np.random.Generator) -> Iterator[tuple[str, str]]:
    """Further labels: categories of the animal, the scene, and, in train only, animals that are not in the image."""
    if plan.story == "at_threshold":
        return  # so that only the comparison decides whether its image counts as confident
    confident = plan.split != "train"
    for category in parents(plan.given):
        if dice.random() < 0.35:
            yield BOXABLE[category], "crowd_verified" if dice.random() < 0.4 else "verified"
    for mid in dice.choice(SCENE_MIDS, int(dice.integers(0, 3)), replace=False):
        yield str(mid), "machine_confident" if confident or dice.random() < 0.2 else "uncertain"
    if not confident and dice.random() < 0.6:
        others = [name for name in LABEL_NAMES if name not in (plan.given, plan.truth)]
        yield MID_OF[str(dice.choice(others))], "denied" if dice.random() < 0.3 else "negative"


def _dirty_rows(plan: ImagePlan) -> Iterator[LabelRow]:
    for reason, changes in in_turn(_DIRT, plan.block):
        cells = [plan.image_id, _HUMAN, MID_OF[plan.given], "1"]
        for column, cell in changes:
            if column < 0:
                cells.pop()
            elif column == len(cells):
                cells.append(cell)
            else:
                cells[column] = cell
        yield LabelRow(plan.split, False, RawRow(tuple(cells), reason))


def _stray_rows(plan: ImagePlan) -> Iterator[LabelRow]:
    """Rows of images or classes that are in no list, some of which also have a later reason for rejection."""
    dice, mid = plan.dice("strays"), MID_OF[plan.given]
    phantom, denied = (image_id_of(plan.seed, plan.block, purpose) for purpose in ("phantom", "denied phantom"))
    yield from rows_of_story(plan, mid, "machine_agrees", dice, phantom)
    yield from rows_of_story(plan, mid, "contradicted", dice, denied)
    yield from rows_of_story(plan, UNKNOWN_MID, "denied", dice)
    yield from rows_of_story(plan, UNKNOWN_MID, "verified", dice, phantom)
