"""The boxes of each image, mapped from a file of this machine: millions of them cost no memory.

Letters: B boxes.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagelake.serving.folder_lock import locked

if TYPE_CHECKING:
    from pathlib import Path

    from imagelake.lake.published import PublishedLake
    from imagelake.serving.catalogue import Catalogue

_TABLE = "boxes"
_EDGES = ("x_min", "y_min", "x_max", "y_max")
_STORED = np.dtype([("row", "<i4"), ("label", "<i4"), *((edge, "<f4") for edge in _EDGES)])


@dataclass(frozen=True)
class Box:
    """A box of an image: what is in it, and its edges as shares of width and height, 0 to 1."""

    label: str
    left: float
    top: float
    right: float
    bottom: float

    @property
    def percents(self) -> str:
        """Left, top, right and bottom in percent, as a crop is asked for."""
        return ",".join(f"{100 * edge:.2f}" for edge in (self.left, self.top, self.right, self.bottom))


class ImageBoxes:
    """The boxes of a lake by image. Threads may share it."""

    def __init__(self, lake: PublishedLake, catalogue: Catalogue, folder: Path) -> None:
        """Open the file of the lake's version of the table, and write it first where it is not there.

        Args:
            lake: the published tables.
            catalogue: gives the images' row numbers.
            folder: of this machine; holds one version, and loses others.
        """
        self._labels: list[str] = []
        self._boxes: np.ndarray[tuple[int], np.dtype[np.void]] = np.empty(0, _STORED)
        manifest, images = lake.manifest(_TABLE), lake.require("images")
        if manifest is None:
            return
        version = f"{manifest.run_id}-{images.run_id}"
        file, names = folder / f"{version}.npy", folder / f"{version}.txt"
        with locked(folder):
            if not file.is_file():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                _write(lake, catalogue, file, names)
        self._labels = names.read_text(encoding="utf-8").split("\n")
        self._boxes = np.load(file, mmap_mode="r")

    def of(self, row: int) -> list[Box]:
        """The boxes of an image, the largest first, so that a smaller one lies on top."""
        first, last = np.searchsorted(self._boxes["row"], [row, row + 1])
        found = [
            Box(self._labels[one["label"]], *(float(one[edge]) for edge in _EDGES)) for one in self._boxes[first:last]
        ]
        return sorted(found, key=lambda box: -(box.right - box.left) * (box.bottom - box.top))


def _write(lake: PublishedLake, catalogue: Catalogue, file: Path, names: Path) -> None:
    columns = ("image_id", "label_id", "label", *_EDGES)
    parts, numbers = [np.empty(0, _STORED)], dict[str, int]()
    for batch in lake.batches(_TABLE, columns, 65_536):
        part = np.empty(batch.num_rows, _STORED)
        part["row"] = catalogue.rows_of(batch["image_id"])
        labels = zip(batch["label"].to_pylist(), batch["label_id"].to_pylist(), strict=True)
        part["label"] = [numbers.setdefault(str(name or label_id), len(numbers)) for name, label_id in labels]
        for edge in _EDGES:
            part[edge] = batch[edge].to_numpy(zero_copy_only=False)
        known = (part["row"] >= 0) & np.logical_and.reduce([np.isfinite(part[edge]) for edge in _EDGES])
        parts.append(part[known])
    boxes = np.concatenate(parts)
    names.write_text("\n".join(name.replace("\n", " ") for name in numbers), encoding="utf-8")
    part_file = file.with_suffix(".part.npy")
    np.save(part_file, boxes[np.argsort(boxes["row"], kind="stable")])
    part_file.rename(file)
