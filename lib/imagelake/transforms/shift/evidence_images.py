"""Thumbnails of the images that give their set away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from imagelake.transforms.predict.thumbnails import make_thumbnails

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imagelake.transforms.shift.sets import ShiftSet
    from imagelake.vision.limits import Limits


def add_thumbnails(rows: Sequence[dict[str, Any]], sets: Sequence[ShiftSet], side: int, limits: Limits) -> None:
    """Add a thumbnail to each row whose set has the files of its images.

    Args:
        rows: of shift_images.
        sets: those that they are of.
        side: the longer side in pixels.
        limits: what one image may cost.
    """
    for one in sets:
        mine = [row for row in rows if row["set_name"] == one.name]
        if one.content is None or not mine:
            continue
        thumbnails = make_thumbnails(one.content, {row["image_id"] for row in mine}, side, limits)
        for row in mine:
            row["thumbnail"] = thumbnails.get(row["image_id"])
