"""Chosen images as a file to take along: CSV, a list of paths, or COCO."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from imagelake.spreadsheet import cell

if TYPE_CHECKING:
    from imagelake.serving.catalogue import ImageDetails
    from imagelake.serving.image_boxes import Box

ExportFormat = Literal["csv", "paths", "coco"]
MEDIA_TYPES: dict[ExportFormat, tuple[str, str]] = {
    "csv": ("images.csv", "text/csv; charset=utf-8"),
    "paths": ("paths.txt", "text/plain; charset=utf-8"),
    "coco": ("images.coco.json", "application/json"),
}
"""Format -> file name and media type."""

_COLUMNS = ("image_id", "path", "split", "labels", "width", "height", "format", "byte_size", "sha256", "ppi", "title",
            "author", "license", "landing_url")  # fmt: skip
BoxesOf = Callable[[int], "Sequence[Box]"]


def exported(images: Sequence[ImageDetails], chosen: ExportFormat, boxes_of: BoxesOf) -> str:
    """The file's text.

    Args:
        images: in the order of the file.
        chosen: its format.
        boxes_of: the boxes of an image by its row number.
    """
    match chosen:
        case "csv":
            return _csv(images)
        case "paths":
            return "".join(f"{image.path}\n" for image in images if image.path)
        case "coco":
            return _coco(images, boxes_of)


def _csv(images: Sequence[ImageDetails]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for image in images:
        values = [getattr(image, name) for name in _COLUMNS]
        writer.writerow([cell("; ".join(value) if isinstance(value, tuple) else value) for value in values])
    return text.getvalue()


def _coco(images: Sequence[ImageDetails], boxes_of: BoxesOf) -> str:
    """Object detection as COCO has it, boxes in pixels from the top left; an image's own labels stand beside its size.

    The format: https://cocodataset.org/#format-data.
    """
    categories: dict[str, int] = {}
    annotations: list[dict[str, object]] = []
    for number, image in enumerate(images, 1):
        for box in boxes_of(image.row) if image.width and image.height else ():
            x, y = box.left * (image.width or 0), box.top * (image.height or 0)
            width, height = box.right * (image.width or 0) - x, box.bottom * (image.height or 0) - y
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": categories.setdefault(box.label, len(categories) + 1),
                    "bbox": [round(value, 2) for value in (x, y, width, height)],
                    "area": round(width * height, 2),
                    "iscrowd": 0,
                }
            )
    described = [
        {"id": number, "file_name": image.path or image.image_id, "width": image.width, "height": image.height,
         "license_url": image.license, "image_id": image.image_id, "labels": list(image.labels)}
        for number, image in enumerate(images, 1)
    ]  # fmt: skip
    named = [{"id": number, "name": name} for name, number in categories.items()]
    return json.dumps({"images": described, "annotations": annotations, "categories": named}, ensure_ascii=False)
