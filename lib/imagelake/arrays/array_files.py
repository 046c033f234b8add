"""Array files as images: CIFAR pickles, .npz, and .npy with a CSV beside it.

Letters: N images, H and W their sides.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.npyio import NpzFile
from numpy.typing import NDArray

from imagelake.arrays.restricted_pickle import load_arrays
from imagelake.errors import ImageLakeError
from imagelake.taxonomy.csv_rows import Row, read_rows

META = ("batches.meta", "meta")
"""Files of class names beside CIFAR's batches."""
CLASSES = "labels.csv"
"""A CSV class,label of class names, as our own exports have it."""
DAMAGED = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
"""What NumPy raises for a file that ends early, is no array, or holds objects, which it would have to unpickle."""
SPLITS = {"train": "train", "data": "train", "test": "test", "val": "validation", "validation": "validation"}
"""What the name of a file or an array begins with, and the split that it means."""
CIFAR_BYTES, CIFAR_SIDE = 3072, 32
_ONE_HOT = {"0": False, "1": True, "0.0": False, "1.0": True}
_DESCRIBING = ("image_id", "split", "keyword", "", "Unnamed: 0")  # the last two: pandas' index, written and read again
_KEYWORD_NAME = re.compile(r"(.+)_s_\d{6}\.png")  # as Tiny Images and so CIFAR call images: tabby_cat_s_000012.png


@dataclass(frozen=True, eq=False)
class ImageArray:
    """N images of one array.

    Attributes:
        file: that it was read from.
        name: of the file, and of the array in it: what errors call it.
        pixels: uint8 [N, H, W, 3], or [N, H, W] for grey ones.
        splits: N words: train, validation, test, or all.
        labels: N names, each None for an image without a label.
        keywords: N words by which the images were found, each None where it is not known.
        names: N names of images; None where they have none.
    """

    file: Path
    name: str
    pixels: NDArray[np.uint8]
    splits: Sequence[str]
    labels: Sequence[str | None]
    keywords: Sequence[str | None]
    names: Sequence[str] | None

    def image_ids(self) -> Iterator[str]:
        """The images' own names, or the split, the file and the number of the image in its array."""
        if self.names is not None:
            yield from self.names
            return
        yield from (f"{split}/{self.file.name}/{row:07}" for row, split in enumerate(self.splits))


def read_arrays(files: Sequence[Path]) -> Iterator[ImageArray]:
    """The images of some files, one array in memory at a time.

    Args:
        files: in any order; a batches.meta or labels.csv among them names the classes of the others.

    Raises:
        ImageLakeError: a file has another format, or its shapes, types or numbers do not fit; names the file.
    """
    classes = _class_names(files)
    for file in sorted(files):
        if file.suffix == ".npz":
            yield from _from_npz(file, classes)
        elif file.suffix == ".npy":
            yield _from_npy(file)
        elif file.suffix != ".csv" and file.name not in META:
            yield _from_pickle(file, classes)


def _class_names(files: Sequence[Path]) -> Sequence[str] | None:
    """The names of classes by their number; None where no file has them."""
    for file in files:
        if file.name in META:
            found = _unpickled(file)
            for key in ("label_names", "fine_label_names"):
                if key in found:
                    return [str(name) for name in found[key]]
        if file.name == CLASSES:
            rows = _csv_rows(file, ("class", "label"))
            for number, row in enumerate(rows):
                if row["class"] != str(number):
                    row.fail(f"class {row['class']!r}; classes are numbered from 0, and here {number} is due")
            return [row["label"] for row in rows]
    return None


def _unpickled(file: Path) -> dict[str, Any]:
    try:
        found = load_arrays(file.read_bytes())
    except ImageLakeError as error:
        raise ImageLakeError(f"{file}: {error}") from None
    if not isinstance(found, dict):
        raise ImageLakeError(f"{file}: expected a dictionary with data and labels, found {type(found).__name__}")
    return {str(key): value for key, value in found.items()}


def _from_pickle(file: Path, classes: Sequence[str] | None) -> ImageArray:
    batch = _unpickled(file)
    data = batch.get("data")
    if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (CIFAR_BYTES,):
        found = f"{data.dtype} {list(data.shape)}" if isinstance(data, np.ndarray) else type(data).__name__
        raise ImageLakeError(f"{file}: expected data uint8 [N, 3072], found {found}")
    pixels = data.reshape(-1, 3, CIFAR_SIDE, CIFAR_SIDE).transpose(0, 2, 3, 1)
    labels = next((batch[key] for key in ("labels", "fine_labels") if key in batch), None)
    names, numbers, words = (_cells(file, found) for found in (batch.get("filenames"), labels, batch.get("keywords")))
    described = _Described(names, numbers, words, _split(file.name))
    return _checked(file, str(file), pixels, described, classes)


def _from_npz(file: Path, classes: Sequence[str] | None) -> Iterator[ImageArray]:
    """Images and labels, or train_images, train_labels and so on, as MedMNIST has them."""
    try:
        archive = np.load(file, allow_pickle=False)
    except DAMAGED as error:
        raise ImageLakeError(f"{file}: is no .npz that can be read: {error}") from None
    if not isinstance(archive, NpzFile):
        raise ImageLakeError(f"{file}: is an array by itself, not an archive of arrays; call it .npy")
    with archive:
        found = [name for name in archive.files if name == "images" or name.endswith("_images")]
        if not found:
            raise ImageLakeError(f"{file}: expected an array images or *_images, found {', '.join(archive.files)}")
        for name in found:
            prefix = name.removesuffix("images")
            pixels, labels, names, keywords = (
                _array(file, archive, f"{prefix}{part}") for part in ("images", "labels", "image_ids", "keywords")
            )
            cells = [_cells(file, column) for column in (names, labels, keywords)]
            described = _Described(cells[0], cells[1], cells[2], _split(prefix or file.name))
            yield _checked(file, f"{file}: {name}", pixels, described, classes)


def _cells(file: Path, column: Any) -> list[Any] | None:
    """A column as a list; MedMNIST has labels as [N, 1].

    Raises:
        ImageLakeError: it is neither a list nor an array.
    """
    if isinstance(column, np.ndarray):
        return list(column.ravel().tolist())
    if column is None or isinstance(column, list | tuple):
        return None if column is None else list(column)
    raise ImageLakeError(f"{file}: expected a list of labels or names, found {type(column).__name__}")


def _array(file: Path, archive: Mapping[str, Any], name: str) -> Any:
    if name not in archive:
        return None
    try:
        return archive[name]
    except DAMAGED as error:
        raise ImageLakeError(f"{file}: {name}: {error}") from None


def _from_npy(file: Path) -> ImageArray:
    """An array, and a CSV of the same name: the column label, or one-hot columns; image_id, split, keyword if known."""
    try:
        pixels = np.load(file, mmap_mode="r", allow_pickle=False)
    except DAMAGED as error:
        raise ImageLakeError(f"{file}: is no .npy that can be read: {error}") from None
    described = file.with_suffix(".csv")
    if not described.is_file():
        raise ImageLakeError(f"{file}: there is no {described.name} beside it with the column label, a row an image")
    rows = _csv_rows(described, ())

    def column(name: str) -> list[str] | None:
        return [row[name] for row in rows] if rows and name in rows[0].cells else None

    labels = column("label") or _of_one_hot(described, rows)
    named = _Described(column("image_id"), labels, column("keyword"), _split(file.name), column("split"))
    return _checked(file, str(file), pixels, named, None)


def _of_one_hot(file: Path, rows: Sequence[Row]) -> list[str]:
    """The labels of rows that have a column a label, with 1 in that of the image's own and 0 in the others."""
    labels = []
    for row in rows:
        numbers = {name: cell for name, cell in row.cells.items() if name not in _DESCRIBING}
        if len(numbers) < 2 or not all(cell in _ONE_HOT for cell in numbers.values()):
            raise ImageLakeError(
                f"{file}: expected the column label, or a column a label with 0 and 1, found {', '.join(row.cells)}"
            )
        own = [name for name, cell in numbers.items() if _ONE_HOT[cell]]
        if len(own) != 1:
            row.fail(f"{len(own)} of the columns {', '.join(numbers)} are 1; expected one")
        labels += own
    return labels


def _csv_rows(file: Path, columns: Sequence[str]) -> list[Row]:
    try:
        return read_rows(file.read_text(encoding="utf-8"), str(file), columns)
    except UnicodeDecodeError as error:
        raise ImageLakeError(f"{file}: is not in UTF-8, at byte {error.start}; save it as UTF-8") from None


@dataclass(frozen=True)
class _Described:
    """What a file says of the images of an array, each None where it says nothing."""

    names: Sequence[Any] | None
    labels: Sequence[Any] | None
    keywords: Sequence[Any] | None
    split: str
    splits: Sequence[str] | None = None


def _checked(
    file: Path, name: str, pixels: NDArray[Any], described: _Described, classes: Sequence[str] | None
) -> ImageArray:
    """The array, if its shapes, types and numbers fit."""
    if pixels.ndim == 4 and pixels.shape[3] == 1:
        pixels = pixels[..., 0]
    grey_or_rgb = pixels.ndim == 3 or (pixels.ndim == 4 and pixels.shape[3] == 3)
    if pixels.dtype != np.uint8 or not grey_or_rgb or not all(pixels.shape[1:3]):
        raise ImageLakeError(
            f"{name}: expected uint8 [N, H, W] or [N, H, W, 1] for grey images or [N, H, W, 3] for RGB, "
            f"found {pixels.dtype} {list(pixels.shape)}"
        )
    for what in ("labels", "names", "keywords", "splits"):
        cells = getattr(described, what)
        if cells is not None and len(cells) != len(pixels):
            raise ImageLakeError(f"{name}: {len(cells):,} {what} for {len(pixels):,} images")
    names = None if described.names is None else list(map(str, described.names))
    keywords = described.keywords or [_keyword(image) for image in names or [""] * len(pixels)]
    splits = [cell or described.split for cell in described.splits or [""] * len(pixels)]
    labels = _labels(name, described.labels, classes) if described.labels is not None else [None] * len(pixels)
    return ImageArray(file, name, pixels, splits, labels, [str(word) if word else None for word in keywords], names)


def _keyword(image: str) -> str | None:
    """The word before the number in a name such as tabby_cat_s_000012.png."""
    found = _KEYWORD_NAME.fullmatch(image)
    return found[1] if found else None


def _labels(name: str, labels: Sequence[Any], classes: Sequence[str] | None) -> Sequence[str | None]:
    """Names as they are, and numbers by the names of their classes where these are known; -1 is no label."""
    named: list[str | None] = []
    for label in labels:
        if isinstance(label, str):
            named.append(label or None)
        elif not isinstance(label, int | np.integer):
            raise ImageLakeError(f"{name}: label {label!r}; expected names or whole numbers")
        elif label < -1 or (classes is not None and label >= len(classes)):
            known = f"0 to {len(classes) - 1}" if classes else "numbers from 0"
            raise ImageLakeError(f"{name}: label {label}; known are {known}, and -1 for none")
        else:
            named.append(None if label < 0 else classes[int(label)] if classes else str(int(label)))
    return named


def _split(name: str) -> str:
    """The split that a name begins with; all where it says none."""
    return next((split for start, split in SPLITS.items() if name.lower().startswith(start)), "all")
