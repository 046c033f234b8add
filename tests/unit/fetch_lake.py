"""A small Open Images with planted facts, under the very paths of conf/open_images.toml."""

from __future__ import annotations

import csv
import io
import json
import random
from dataclasses import dataclass, field

LION, TIGER, OWL, BOW = "/m/096mb", "/m/07dm6", "/m/09d5_", "/m/0bow1"
NAMES = {LION: "Lion", TIGER: "Tiger", OWL: "Owl"}
PATHS = {
    "train": (
        "/2018_04/train/train-images-boxable-with-rotation.csv",
        "/v7/oidv7-train-annotations-human-imagelabels.csv",
        "/v7/oidv7-train-annotations-machine-imagelabels.csv",
        "/v6/oidv6-train-annotations-bbox.csv",
    ),
    "validation": (
        "/2018_04/validation/validation-images-with-rotation.csv",
        "/v7/oidv7-val-annotations-human-imagelabels.csv",
        "/v7/oidv7-val-annotations-machine-imagelabels.csv",
        "/v5/validation-annotations-bbox.csv",
    ),
    "test": (
        "/2018_04/test/test-images-with-rotation.csv",
        "/v7/oidv7-test-annotations-human-imagelabels.csv",
        "/v7/oidv7-test-annotations-machine-imagelabels.csv",
        "/v5/test-annotations-bbox.csv",
    ),
}
SHARED = (
    "/v5/class-descriptions-boxable.csv",
    "/v7/oidv7-class-descriptions.csv",
    "/2018_04/bbox_labels_600_hierarchy.json",
)
OUTPUT = (
    "{split}-images-with-rotation.csv",
    "{split}-annotations-human-imagelabels.csv",
    "{split}-annotations-machine-imagelabels.csv",
    "{split}-annotations-bbox.csv",
)
LABEL_HEADER = ["ImageID", "Source", "LabelName", "Confidence"]
BOX_HEADER = [
    *LABEL_HEADER,
    "XMin",
    "XMax",
    "YMin",
    "YMax",
    "IsOccluded",
    "IsTruncated",
    "IsGroupOf",
    "IsDepiction",
    "IsInside",
]
CLICKS = [f"{axis}Click{number}{axis}" for axis in "XY" for number in range(1, 5)]
IMAGE_HEADER = [
    *("ImageID", "Subset", "OriginalURL", "OriginalLandingURL", "License", "AuthorProfileURL", "Author", "Title"),
    *("OriginalSize", "OriginalMD5", "Thumbnail300KURL", "Rotation"),
]
Row = list[str]


@dataclass
class PlantedSplit:
    """The rows of one split's files, and which images may be chosen for each class."""

    images: list[Row] = field(default_factory=list)
    humans: list[Row] = field(default_factory=list)
    machines: list[Row] = field(default_factory=list)
    boxes: list[Row] = field(default_factory=list)
    eligible: dict[str, set[str]] = field(default_factory=lambda: {mid: set() for mid in (LION, TIGER, OWL)})


class PlantedLake:
    """``count`` images in each split; ``files`` is what a server of the lake serves."""

    def __init__(
        self, count: int = 60, seed: int = 1, splits: tuple[str, ...] = ("train", "validation", "test")
    ) -> None:
        self._random = random.Random(seed)
        self.splits = {split: PlantedSplit() for split in splits}
        self.bytes: dict[str, bytes] = {}
        for split, planted in self.splits.items():
            for number in range(count):
                self._plant(split, planted, number)
        self.files = self._shared() | self._csv_files() | self.bytes

    def _plant(self, split: str, planted: PlantedSplit, number: int) -> None:
        image_id = f"{self._random.getrandbits(64):016x}"
        listed = number % 10 != 3  # every tenth has labels, but neither a row in the image list nor bytes
        truth = self._random.choice((LION, TIGER, OWL))
        kind = number % 5
        if kind == 0:  # only a rejected label and a machine's guess
            planted.humans.append([image_id, "verification", truth, "0"])
            planted.machines.append([image_id, "machine", truth, "1.0"])
        elif kind == 1:  # only a box
            planted.boxes += [self._box(split, image_id, truth) for _ in range(2)]
        else:
            planted.humans.append([image_id, "verification", truth, "1"])
            planted.humans.append([image_id, "crowdsource-verification", truth, "1"])
            planted.humans.append([image_id, "verification", BOW, str(number % 2)])
            planted.machines.append([image_id, "machine", OWL, "0.7"])
        if kind and listed:
            planted.eligible[truth].add(image_id)
        if listed:
            title = ("plain", "with, comma", 'a "quoted" word', f"two\nlines\n{image_id[:6]},x")[number % 4]
            size = self._random.randrange(4_000, 9_000)
            md5 = "b0ae4MkVLPKmvVyQyyHJ7w=="  # of the original picture, not of the bytes that are served
            planted.images.append(
                [
                    image_id,
                    split,
                    "https://x/o.jpg",
                    "https://x",
                    "https://l",
                    "https://a",
                    "A. Uthor",
                    title,
                    "99999",
                    md5,
                    "",
                    "0.0",
                ]
            )
            self.bytes[f"/{split}/{image_id}.jpg"] = b"\xff\xd8\xff" + self._random.randbytes(size)

    def _box(self, split: str, image_id: str, mid: str) -> Row:
        row = [image_id, "xclick", mid, "1", "0.1", "0.9", "0.2", "0.8", "0", "0", "0", "0", "0"]
        return row + (["0.5"] * len(CLICKS) if split == "train" else [])

    def _csv_files(self) -> dict[str, bytes]:
        files = {}
        for split, planted in self.splits.items():
            box_header = BOX_HEADER + (CLICKS if split == "train" else [])
            headers = (IMAGE_HEADER, LABEL_HEADER, LABEL_HEADER, box_header)
            tables = (planted.images, planted.humans, planted.machines, planted.boxes)
            for path, header, rows in zip(PATHS[split], headers, tables, strict=True):
                files[path] = to_csv([header, *rows])
        return files

    def _shared(self) -> dict[str, bytes]:
        boxable = to_csv([[mid, name] for mid, name in NAMES.items()])
        everything = to_csv([["LabelName", "DisplayName"], *map(list, NAMES.items()), [BOW, "Bow, arrow"]], "\r\n")
        hierarchy = {"LabelName": "/m/0bl9f", "Subcategory": [{"LabelName": mid} for mid in NAMES]}
        return dict(zip(SHARED, (boxable, everything, json.dumps(hierarchy).encode()), strict=True))


def to_csv(rows: list[Row], line_end: str = "\n") -> bytes:
    """Rows as the bytes of a CSV file."""
    text = io.StringIO()
    csv.writer(text, lineterminator=line_end).writerows(rows)
    return text.getvalue().encode()


def from_csv(data: bytes) -> list[Row]:
    """The rows of a CSV file."""
    return list(csv.reader(io.StringIO(data.decode(), newline="")))
