"""Made metadata of Open Images as it is published, of its true size or a share of that, with planted faults.

Image lists, labels by humans and by machine, boxes with 13 and 21 columns, class descriptions and a hierarchy with
parts, called as the published files are. Written in blocks: memory does not grow with the size. The same seed makes the
same files.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

# Published sizes: https://storage.googleapis.com/openimages/web/factsfigures_v7.html, boxes rounded to 15 million.
IMAGES = {"train": 9_011_219, "validation": 41_620, "test": 125_436}
LABELS = {"human": 24_000_000, "machine": 36_000_000}
BOXES = {"train": 13_758_693, "validation": 303_980, "test": 937_327}
CLASSES, BOXABLE = 15_387, 600
BOXED_IMAGES = {"train": 1_743_042 / 9_011_219, "validation": 1.0, "test": 1.0}
IMAGE_LISTS = {
    "train": "oidv6-train-images-with-labels-with-rotation.csv",
    "validation": "validation-images-with-rotation.csv",
    "test": "test-images-with-rotation.csv",
}
LABEL_FILES = {
    "train": "oidv7-train-annotations-{}-imagelabels.csv",
    "validation": "oidv7-val-annotations-{}-imagelabels.csv",  # val is no split's name: theirs is their images'
    "test": "oidv7-test-annotations-{}-imagelabels.csv",
}
BOX_FILES = {
    "train": "oidv6-train-annotations-bbox.csv",
    "validation": "validation-annotations-bbox.csv",
    "test": "test-annotations-bbox.csv",
}
TRUTH = "truth.json"
ROOT = "/m/0bl9f"
LEAST_IMAGES = 20  # of a split, however small the share
BLOCK = 500_000  # lines
FAULTS = 1 / 20_000  # lines of each kind of fault to lines; at least one in a block

LIST_HEADER = (
    "ImageID,Subset,OriginalURL,OriginalLandingURL,License,AuthorProfileURL,Author,Title,OriginalSize,OriginalMD5,"
    "Thumbnail300KURL,Rotation"
)
LABEL_HEADER = "ImageID,Source,LabelName,Confidence"
BOX_HEADER = (
    "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"
)
CLICKS = ",XClick1X,XClick2X,XClick3X,XClick4X,XClick1Y,XClick2Y,XClick3Y,XClick4Y"
LICENSE = "https://creativecommons.org/licenses/by/2.0/"

# Reason -> a line of labels or boxes that must be rejected for it; {} stands for the sound rest of a box.
LABEL_FAULTS = {
    "malformed_row": ("{image},verification,{label}", "{image},verification,{label},1,again"),
    "missing_image_id": (",verification,{label},1", " ,verification,{label},1"),
    "missing_label": ("{image},verification,,1",),
    "missing_confidence": ("{image},verification,{label},",),
    "confidence_not_a_number": ("{image},verification,{label},n/a", "{image},verification,{label},NaN"),
    "confidence_out_of_range": ("{image},verification,{label},1.01", "{image},verification,{label},-1"),
}
BOX_FAULTS = {
    "malformed_row": ("{image},xclick,{label},1,0.1,0.2",),
    "missing_image_id": (",xclick,{label},1,0.1,0.2,0.3,0.4{rest}",),
    "missing_coordinate": ("{image},xclick,{label},1,0.1,,0.3,0.4{rest}",),
    "coordinate_not_a_number": ("{image},xclick,{label},1,0.1,0.2,left,0.4{rest}",),
    "coordinate_out_of_range": ("{image},xclick,{label},1,0.1,1.2,0.3,0.4{rest}",),
    "empty_box": ("{image},xclick,{label},1,0.2,0.2,0.3,0.4{rest}",),
}

Indices = npt.NDArray[np.int64]


@dataclass
class Truth:
    """What was planted.

    Attributes:
        lines: table -> lines of its files, headers left out.
        rejected: table -> reason -> lines that must be rejected for it, where a fault of one line decides.
    """

    lines: Counter[str] = field(default_factory=Counter)
    rejected: dict[str, Counter[str]] = field(default_factory=dict)

    def note(self, table: str, lines: int, rejected: Mapping[str, int]) -> None:
        """Add the lines of a block."""
        self.lines[table] += lines
        self.rejected.setdefault(table, Counter()).update(rejected)


def make_metadata(folder: Path, share: float, seed: int = 7, block: int = BLOCK) -> None:
    """Write the files of a share of Open Images, unless a run before has, and what was planted as truth.json.

    Args:
        folder: where.
        share: of the true number of images, labels and boxes; the classes are all there.
        seed: of all random choices.
        block: lines made at a time.
    """
    wanted = {"share": share, "seed": seed, "block": block}
    truth_file = folder / TRUTH
    if truth_file.exists() and json.loads(truth_file.read_text())["made"] == wanted:
        return
    truth_file.unlink(missing_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    truth, made = Truth(), Maker(share, seed, block)
    made.write_classes(folder, truth)
    (folder / "bbox_labels_600_hierarchy.json").write_text(json.dumps(hierarchy(seed)))
    for split in IMAGES:
        made.write(folder / IMAGE_LISTS[split], LIST_HEADER, "images", made.image_lines(split), truth)
        for origin in LABELS:
            file = folder / LABEL_FILES[split].format(origin)
            made.write(file, LABEL_HEADER, "labels", made.label_lines(split, origin), truth)
        header = BOX_HEADER + (CLICKS if split == "train" else "")
        made.write(folder / BOX_FILES[split], header, "boxes", made.box_lines(split), truth)
    truth_file.write_text(json.dumps({"made": wanted, "lines": truth.lines, "rejected": truth.rejected}))


Block = tuple[Any, dict[str, list[str]]]
"""Sound lines as an Arrow array of text, and added ones by the reason of their rejection, empty for sound ones."""


class Maker:
    """Makes the lines of the files."""

    def __init__(self, share: float, seed: int, block: int) -> None:
        self._share, self._seed, self._block = share, seed, block
        self._images = {split: max(LEAST_IMAGES, round(number * share)) for split, number in IMAGES.items()}
        self._first = dict(zip(IMAGES, np.cumsum([0, *self._images.values()]), strict=False))
        self._class_ids = class_ids()
        # Zipf's law: the most frequent class has a tenth of the labels, the rarest of the true size some hundred.
        self._all_classes, self._boxable = long_tail(CLASSES), long_tail(BOXABLE)

    def write(self, file: Path, header: str, table: str, blocks: Iterator[Block], truth: Truth) -> None:
        """Write a file block by block; faulty lines lie at random places of their block."""
        random = np.random.default_rng([self._seed, *file.name.encode()])
        with file.open("wb") as stream:
            stream.write(f"{header}\n".encode())
            for sound, faulty in blocks:
                added = [line for lines in faulty.values() for line in lines]
                places = np.sort(random.integers(0, len(sound) + 1, len(added)))
                order = np.insert(np.arange(len(sound)), places, len(sound) + random.permutation(len(added)))
                lines = pa.concat_arrays([sound, pa.array(added, pa.string())]).take(pa.array(order))
                stream.write(text_of(lines))
                rejected = {reason: len(lines) for reason, lines in faulty.items() if reason}
                truth.note(table, len(sound) + len(added), rejected)

    def write_classes(self, folder: Path, truth: Truth) -> None:
        """Both class descriptions: the boxable ones without a header, all of them with one."""
        ids = self._class_ids.to_pylist()
        described = [f"{label_id},{class_name(number)}" for number, label_id in enumerate(ids)]
        (folder / "class-descriptions-boxable.csv").write_text("\n".join(described[:BOXABLE]) + "\n")
        truth.note("classes", BOXABLE, {})
        faulty = {
            "other_name_for_class": [f"{ids[number]},Another name {number}" for number in range(3, 40, 9)],
            "missing_name": ["/m/0nameless,"],
            "missing_label": [",Somebody"],
            "malformed_row": ["/m/0three,Three,cells"],
        }
        blocks = iter([(pa.array(described), faulty)])
        self.write(folder / "oidv7-class-descriptions.csv", "LabelName,DisplayName", "classes", blocks, truth)

    def image_lines(self, split: str) -> Iterator[Block]:
        """An image list; an image that stands again has another title and is rejected."""
        random = self._random(split, "images")
        titles, authors = pa.array(list(map(title, range(5_000)))), pa.array(list(map(author, range(2_000))))
        for first, number in self._blocks(self._images[split]):
            images = np.arange(first, first + number)
            ids, photos = self._ids(split, images), text(random.integers(10**9, 10**10, number))
            servers, secrets = text(random.integers(1_000, 9_000, number)), hex_text(random_words(random, number))
            users = pc.binary_join_element_wise(text(random.integers(10**7, 10**8, number)), "N0", "@")
            cells = [
                ids,
                split,
                joined("https://farm5.staticflickr.com/", servers, "/", photos, "_", secrets, "_o.jpg"),
                joined("https://www.flickr.com/photos/", users, "/", photos),
                LICENSE,
                joined("https://www.flickr.com/people/", users, "/"),
                drawn(random, authors, number),
                drawn(random, titles, number),
                text(random.integers(10**5, 10**7, number)),
                joined(secrets, "QkZ1Ag=="),
                joined("https://c1.staticflickr.com/5/", servers, "/", photos, "_", secrets, "_z.jpg"),
                drawn(random, pa.array(["0.0"] * 6 + ["", "90.0", "270.0"]), number),
            ]
            again = [f"{ids[place]},{split},,,,,,~ stands again,,,," for place in self._places(random, number)]
            faulty = {
                "duplicate_image_id": again,
                "missing_image_id": [f",{split},,,,,,nobody's {n},,,," for n in range(len(again))],
                "malformed_row": [f"{ids[0]},{split},too few {n}" for n in range(len(again))],
            }
            yield joined(*cells, separator=","), faulty

    def label_lines(self, split: str, origin: str) -> Iterator[Block]:
        """Labels of one origin, those of an image side by side, with unknown images and classes among them."""
        random = self._random(split, origin)
        if origin == "human":
            sources, confidences = ["verification", "crowdsource-verification"], ["1", "1", "1", "0"]
        else:
            sources, confidences = ["machine"], [f"{hundredth / 100:g}" for hundredth in range(50, 101)]
        all_images = sum(IMAGES.values())
        total = max(LEAST_IMAGES, round(LABELS[origin] * IMAGES[split] / all_images * self._share))
        for first, number in self._blocks(total):
            cells = [
                self._ids(split, self._images_of(random, split, 1.0, (first, number, total))),
                drawn(random, pa.array(sources), number),
                self._class_ids.take(pa.array(np.searchsorted(self._all_classes, random.random(number)))),
                drawn(random, pa.array(confidences), number),
            ]
            places = self._places(random, number)
            faulty = self._faults(LABEL_FAULTS, cells[0], cells[2], places, "")
            faulty[""] = [f"{image},{sources[0]},{self._class_ids[0]},1" for image in unlisted(random, places)]
            faulty[""] += [f"{cells[0][place]},{sources[0]},/m/0undescribed{place % 7},1" for place in places]
            yield joined(*cells, separator=","), faulty

    def box_lines(self, split: str) -> Iterator[Block]:
        """Boxes, those of an image side by side; of train with four clicks each, in 21 columns."""
        random, total = self._random(split, "boxes"), max(LEAST_IMAGES, round(BOXES[split] * self._share))
        steps = pa.array([f"{step / 10_000:.6f}" for step in range(10_001)])
        flags, sources = pa.array(["0", "0", "0", "1", "-1"]), pa.array(["xclick", "activemil"])
        for first, number in self._blocks(total):
            low = random.integers(0, 5_000, (2, number))
            corners = [low[0], low[0] + random.integers(1, 5_001, number)]
            corners += [low[1], low[1] + random.integers(1, 5_001, number)]
            cells = [
                self._ids(split, self._images_of(random, split, BOXED_IMAGES[split], (first, number, total))),
                drawn(random, sources, number),
                self._class_ids.take(pa.array(np.searchsorted(self._boxable, random.random(number)))),
                "1",
                *(steps.take(pa.array(corner)) for corner in corners),
                *(drawn(random, flags, number) for _ in range(5)),
                *(drawn(random, steps, number) for _ in range(8 if split == "train" else 0)),
            ]
            rest = ",0,0,0,0,0" + (",-1" * 8 if split == "train" else "")
            places = self._places(random, number)
            faulty = self._faults(BOX_FAULTS, cells[0], cells[2], places, rest)
            form = f"{{}},xclick,{self._class_ids[0]},1,0.1,0.2,0.3,0.4{rest}"
            faulty[""] = [form.format(image) for image in unlisted(random, places)]
            yield joined(*cells, separator=","), faulty

    def _faults(
        self, kinds: Mapping[str, Sequence[str]], images: Any, labels: Any, places: Indices, rest: str
    ) -> dict[str, list[str]]:
        return {
            reason: [form.format(image=images[at], label=labels[at], rest=rest) for at in places for form in forms]
            for reason, forms in kinds.items()
        }

    def _random(self, split: str, what: str) -> np.random.Generator:
        return np.random.default_rng([self._seed, *f"{split} {what}".encode()])

    def _blocks(self, lines: int) -> Iterator[tuple[int, int]]:
        for first in range(0, lines, self._block):
            yield first, min(self._block, lines - first)

    def _places(self, random: np.random.Generator, lines: int) -> Indices:
        return random.integers(0, lines, max(1, round(lines * FAULTS)))

    def _images_of(self, random: np.random.Generator, split: str, share: float, lines: tuple[int, int, int]) -> Indices:
        """The images of a block of lines in rising order, of the first share of the images of a split."""
        first, number, total = lines
        images = max(1, round(self._images[split] * share))
        within = np.sort(random.random(number)) * number + first
        return np.minimum((within / total * images).astype(np.int64), images - 1)

    def _ids(self, split: str, images: Indices) -> Any:
        return hex_text(scrambled((images + self._first[split] + (self._seed << 32)).astype(np.uint64)))


def class_ids() -> Any:
    """The MIDs of all classes, the boxable ones first."""
    return pa.array([f"/m/0{number:05x}" for number in range(CLASSES)])


def class_name(number: int) -> str:
    """The cell of a class's display name; some have quotes and commas."""
    if number % 50 == 7:
        return f'"Mill, ""old"" no. {number}"'
    return f"Thing {number}"


def title(number: int) -> str:
    """The cell of a title: plain, empty, or with quotes, commas and letters beyond ASCII."""
    kinds = (f"IMG_{number:04d}", "", f"Zoo {number}", f'"Cat, asleep {number}"', f'"The ""old"" mill, {number}"')
    return (*kinds, f"Forêt {number}", f"東京 {number}")[number % 7]


def author(number: int) -> str:
    """The cell of an author's name."""
    return f'"Doe, Jane {number}"' if number % 5 == 0 else f"photographer {number}"


def hierarchy(seed: int) -> dict[str, Any]:
    """The nested hierarchy of the boxable classes in the published form: some have two parents, some are parts."""
    random, ids = np.random.default_rng([seed, 601]), class_ids().to_pylist()[:BOXABLE]
    nodes: list[dict[str, Any]] = [{"LabelName": label_id} for label_id in ids]
    root: dict[str, Any] = {"LabelName": ROOT}
    # From the last to the first, so that a node is whole before it is written below its parents.
    parents = [random.integers(0, max(1, number), 2) for number in range(BOXABLE)]
    for number in reversed(range(BOXABLE)):
        above = [root] if number < 20 else [nodes[parents[number][0] // 4]]
        if number % 20 == 19 and parents[number][1] // 4 != parents[number][0] // 4:
            above.append(nodes[parents[number][1] // 4])
        for parent in above:
            parent.setdefault("Part" if number % 11 == 5 and number >= 20 else "Subcategory", []).append(nodes[number])
    return root


def long_tail(classes: int) -> npt.NDArray[np.float64]:
    """Cumulative shares by Zipf's law; a random number in 0 to 1 falls into the class of the first larger one."""
    shares = 1 / np.arange(1, classes + 1)
    found: npt.NDArray[np.float64] = np.cumsum(shares) / shares.sum()
    found[-1] = 1.0
    return found


def scrambled(numbers: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """Numbers of 64 bits that look random, different ones for different ones: the finaliser of MurmurHash3."""
    mixed = numbers ^ (numbers >> np.uint64(33))
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed = mixed * np.uint64(factor)
        mixed = mixed ^ (mixed >> np.uint64(33))
    return mixed


def random_words(random: np.random.Generator, number: int) -> npt.NDArray[np.uint64]:
    """Random numbers of 61 bits."""
    return random.integers(0, 1 << 61, number, np.uint64)


def unlisted(random: np.random.Generator, places: Indices) -> Any:
    """As many identifiers of images that no list names: those of the lists come from smaller numbers."""
    return hex_text(scrambled(random_words(random, len(places)) | np.uint64(1 << 62)))


def hex_text(numbers: npt.NDArray[np.uint64]) -> Any:
    """Each number as 16 hex digits, as an Arrow array of text."""
    pairs = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), np.uint16)
    digits = pairs[numbers.astype(">u8").view(np.uint8)]
    offsets = np.arange(len(numbers) + 1, dtype=np.int32) * 16
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(offsets), pa.py_buffer(digits))


def text(numbers: Indices) -> Any:
    """Numbers as text."""
    return pa.array(numbers).cast(pa.string())


def drawn(random: np.random.Generator, pool: Any, number: int) -> Any:
    """So many random cells of a pool."""
    return pool.take(pa.array(random.integers(0, len(pool), number)))


def joined(*cells: Any, separator: str = "") -> Any:
    """Texts side by side, a text for each row."""
    return pc.binary_join_element_wise(*cells, separator)


def text_of(lines: Any) -> memoryview:
    """Lines of text with their ends."""
    return memoryview(joined(lines, "\n").buffers()[2])
