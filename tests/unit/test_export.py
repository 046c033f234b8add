"""Chosen images to take along: every row is there, text survives, and boxes are in pixels."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from imagelake.serving.catalogue import ImageDetails
from imagelake.serving.export import exported
from imagelake.serving.image_boxes import Box

NOTHING: dict[str, Any] = dict.fromkeys(ImageDetails.__dataclass_fields__, None)


def details(row: int, **cells: Any) -> ImageDetails:
    known: dict[str, Any] = NOTHING | {"row": row, "image_id": f"i{row}", "labels": ()} | cells
    return ImageDetails(**known)


IMAGES = [
    details(0, path="/lake/a, b.jpg", width=200, height=100, labels=("Lion", "Tree"), title='the "king"\nof beasts'),
    details(1),
    details(2, path="/lake/c.jpg", width=10, height=20),
]
BOXES = {0: [Box("Lion", 0.1, 0.2, 0.6, 0.9), Box("Tree", 0.0, 0.0, 1.0, 1.0)], 1: [Box("Owl", 0, 0, 1, 1)],
         2: [Box("Lion", 0.5, 0.5, 1.0, 1.0)]}  # fmt: skip


def test_csv_has_every_image_and_keeps_commas_quotes_and_lines() -> None:
    """A reader of CSV gets back what was known."""
    rows = list(csv.DictReader(io.StringIO(exported(IMAGES, "csv", BOXES.__getitem__), newline="")))
    assert [row["image_id"] for row in rows] == ["i0", "i1", "i2"]
    first = ("/lake/a, b.jpg", "Lion; Tree", "200", 'the "king"\nof beasts')
    assert (rows[0]["path"], rows[0]["labels"], rows[0]["width"], rows[0]["title"]) == first
    assert rows[1]["path"] == ""


def test_paths_are_those_that_are_known() -> None:
    """One a line; an image without bytes has none."""
    assert exported(IMAGES, "paths", BOXES.__getitem__) == "/lake/a, b.jpg\n/lake/c.jpg\n"


def test_coco_has_boxes_in_pixels() -> None:
    """Left, top, width and height by the image's size; a box of an image of unknown size cannot be given."""
    found = json.loads(exported(IMAGES, "coco", BOXES.__getitem__))
    assert [image["id"] for image in found["images"]] == [1, 2, 3]
    names = {category["id"]: category["name"] for category in found["categories"]}
    boxes = [(box["image_id"], names[box["category_id"]], box["bbox"], box["area"]) for box in found["annotations"]]
    assert boxes == [
        (1, "Lion", [20.0, 20.0, 100.0, 70.0], 7000.0),
        (1, "Tree", [0.0, 0.0, 200.0, 100.0], 20000.0),
        (3, "Lion", [5.0, 10.0, 5.0, 10.0], 50.0),
    ]
    assert len({box["id"] for box in found["annotations"]}) == 3
