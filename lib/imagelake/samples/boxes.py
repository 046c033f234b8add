"""The box rows of each image, with the 21 columns of the training file or the 13 of the others."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from imagelake.samples.painting.drawing import Box, Drawing
from imagelake.samples.painting.labels import MID_OF

from .plan import ImagePlan, in_turn
from .raw_files import RawRow

BOX_COLUMNS = (
    "ImageID", "Source", "LabelName", "Confidence", "XMin", "XMax", "YMin", "YMax",
    "IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside",
)  # fmt: skip
CLICK_COLUMNS = tuple(f"XClick{click}{axis}" for axis in "XY" for click in range(1, 5))
DEPICTION = BOX_COLUMNS.index("IsDepiction")

# Rows that cannot be read: reason, then (column, cell) replacements in a good row.
_DIRT: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    ("missing_image_id", (("ImageID", ""),)),
    ("missing_label", (("LabelName", ""),)),
    ("missing_confidence", (("Confidence", ""),)),
    ("confidence_not_a_number", (("Confidence", "one"),)),
    ("confidence_out_of_range", (("Confidence", "2"),)),
    ("missing_coordinate", (("XMax", ""),)),
    ("missing_coordinate", (("XMax", ""), ("YMin", "top"))),
    ("coordinate_not_a_number", (("XMin", "left"),)),
    ("coordinate_not_a_number", (("YMax", "NaN"),)),
    ("coordinate_out_of_range", (("XMin", "-0.050000"),)),
    ("coordinate_out_of_range", (("XMin", "1.500000"), ("XMax", "0.250000"))),
    ("empty_box", (("XMin", "0.750000"), ("XMax", "0.250000"))),
    ("empty_box", (("YMin", "0.500000"), ("YMax", "0.500000"))),
)


def box_columns(split: str) -> tuple[str, ...]:
    """The columns of a split's box file; only the training file has click positions."""
    return BOX_COLUMNS + CLICK_COLUMNS if split == "train" else BOX_COLUMNS


def box_rows(plan: ImagePlan, drawing: Drawing | None) -> Iterator[RawRow]:
    """The box rows of an image, in the columns of its split."""
    if drawing is None or plan.part not in ("plain", "wrong_label", "unlisted"):
        return
    dice = plan.dice("boxes")
    if plan.first_of_block:
        yield from _dirty_rows(plan, _cells(plan, drawing, drawing.boxes[0], dice))
    if dice.random() < 0.85:
        for box in drawing.boxes:
            yield RawRow(tuple(_cells(plan, drawing, box, dice)))


def _cells(plan: ImagePlan, drawing: Drawing, box: Box, dice: np.random.Generator) -> list[str]:
    """One box. Those that a program proposed and a person confirmed have -1 for the unknown flags."""
    proposed = plan.split == "train" and dice.random() < 0.15
    source = "activemil" if proposed else "xclick" if plan.split == "train" else "freeform"
    corners = [f"{value:.6f}" for value in (box.x_min, box.x_max, box.y_min, box.y_max)]
    depiction = int(dice.random() < 0.2)
    flags = (drawing.occluded, box.truncated, len(drawing.boxes) > 2, depiction, False)
    answers = ["-1"] * 5 if proposed else [str(int(flag)) for flag in flags]
    cells = [plan.image_id, source, MID_OF[plan.given], "1", *corners, *answers]
    return cells + (_clicks(box, proposed, dice) if plan.split == "train" else [])


def _clicks(box: Box, proposed: bool, dice: np.random.Generator) -> list[str]:
    """Four clicks on the top, left, bottom and right edge: their x, then their y."""
    if proposed:
        return ["-1"] * 8
    x, y = dice.uniform((box.x_min, box.y_min), (box.x_max, box.y_max), (2, 2)).T
    across = (x[0], box.x_min, x[1], box.x_max)
    down = (box.y_min, y[0], box.y_max, y[1])
    return [f"{value:.6f}" for value in (*across, *down)]


def _dirty_rows(plan: ImagePlan, good: list[str]) -> Iterator[RawRow]:
    columns = box_columns(plan.split)
    if plan.block % 5 == 0:
        yield RawRow(tuple(good[:-1]), "malformed_row")
        yield RawRow((*good, "0"), "malformed_row")
    for reason, changes in in_turn(_DIRT, plan.block):
        replaced = dict(zip(columns, good, strict=True)) | dict(changes)
        yield RawRow(tuple(replaced.values()), reason)
