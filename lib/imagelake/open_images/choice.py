"""The choice of a slice's images: the first of each label by a hash of image id and seed.

By a hash instead of a random generator, the same images are chosen for any order of rows and number of workers, and a
larger slice contains the smaller one of the same seed.
"""

from __future__ import annotations

import hashlib
import heapq
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from imagelake.errors import ImageLakeError
from imagelake.net.part_files import read_json, write_json
from imagelake.open_images.addresses import Split
from imagelake.open_images.class_names import Classes
from imagelake.open_images.id_set import IdSet
from imagelake.open_images.row_filter import RECORD

ImagesOfLabels = dict[str, list[str]]


@dataclass(frozen=True)
class Request:
    """The parameters of the choice: the classes, the most images of each in each split, and the seed."""

    classes: Classes
    per_label: int
    seed: int


def rank(image_id: str, seed: int) -> int:
    """The sort key of an image for a seed: 64 bits of BLAKE2b over both."""
    digest = hashlib.blake2b(f"{seed}:{image_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big")


class FirstImages:
    """Keeps the ``count`` distinct images of lowest rank among all offered, in memory for about twice as many."""

    def __init__(self, count: int, seed: int) -> None:
        self._count, self._seed = count, seed
        self._best: dict[str, int] = {}

    def offer(self, image_id: str) -> None:
        """Consider an image; the same one may come again."""
        self._best[image_id] = rank(image_id, self._seed)
        if len(self._best) > 2 * self._count + 1024:
            self._best = {image_id: self._best[image_id] for image_id in self.ids()}

    def ids(self) -> list[str]:
        """The images, lowest rank first."""
        return heapq.nsmallest(self._count, self._best, key=lambda image_id: (self._best[image_id], image_id))


def choose(candidates: Iterable[Path], listed: IdSet, request: Request) -> ImagesOfLabels:
    """The images of each class, by MID.

    Args:
        candidates: label and box CSV files with the rows of confidence 1 of the requested classes.
        listed: the images that have a row in the split's image list, and so have bytes.
        request: the parameters of the choice.
    """
    chosen = {mid: FirstImages(request.per_label, request.seed) for mid in request.classes}
    for image_id, mid in _labels_in(candidates):
        if image_id in listed:
            chosen[mid.decode()].offer(image_id.decode())
    return {mid: first.ids() for mid, first in chosen.items()}


def _labels_in(files: Iterable[Path]) -> Iterator[tuple[bytes, bytes]]:
    for file in files:
        with file.open("rb") as stream:
            for line in stream:
                if RECORD.match(line):
                    image_id, _, mid, _ = line.split(b",", 3)
                    yield image_id, mid


class ChoiceFile:
    """The file choice.json, which records the choice so that a later run continues with the same images."""

    def __init__(self, path: Path, request: Request) -> None:
        self._path = path
        self._values: dict[str, Any] = read_json(path) or {
            "labels": request.classes,
            "per_label": request.per_label,
            "seed": request.seed,
            "splits": {},
        }
        self._check(request)

    def get(self, split: Split) -> ImagesOfLabels | None:
        """The recorded choice of a split; None if there is none."""
        images: ImagesOfLabels | None = self._values["splits"].get(split)
        return images

    def put(self, split: Split, images: ImagesOfLabels) -> None:
        """Record the choice of a split."""
        self._values["splits"][split] = images
        write_json(self._path, self._values)

    def _check(self, request: Request) -> None:
        requested = {"labels": request.classes, "per_label": request.per_label, "seed": request.seed}
        missing = sorted({*requested, "splits"} - set(self._values))
        if missing:
            raise ImageLakeError(
                f"{self._path} lacks {', '.join(missing)}; it is no record of this command: take another --out"
            )
        differences = [
            f"{name} {_shown(self._values[name])} there, {_shown(value)} now"
            for name, value in requested.items()
            if self._values[name] != value
        ]
        if differences:
            raise ImageLakeError(
                f"{self._path} records another choice: {'; '.join(differences)}. Repeat it, or take another --out"
            )


def _shown(value: Any) -> str:
    return ", ".join(value.values()) if isinstance(value, dict) else str(value)


def all_images(images: ImagesOfLabels) -> list[str]:
    """Every image chosen for any label, once."""
    return list(dict.fromkeys(image_id for image_ids in images.values() for image_id in image_ids))
