"""Array files as images: CIFAR pickles, .npz, and .npy with a CSV beside it.

Letters: N images, H and W their sides.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelake.arrays.restricted_pickle import load_arrays
from imagelake.errors import ImageLakeError

SPLITS = {"train": "train", "data": "train", "test": "test", "val": "validation", "validation": "validation"}
"""What the name of a file or an array begins with, and the split that it means."""
CIFAR_BYTES, CIFAR_SIDE = 3072, 32


@dataclass(frozen=True, eq=False)
class ImageArray:
    """N images of one split.

    Attributes:
        name: of the file, and of the array in it: what errors call it, and image_ids begin with.
        split: train, validation, test, or all.
        pixels: uint8 [N, H, W, 3], or [N, H, W] for grey ones.
        labels: N names, each None for an image without a label.
        names: N names of images, different ones; None where they have none.
    """

    name: str
    split: str
    pixels: NDArray[np.uint8]
    labels: Sequence[str | None]
    names: Sequence[str] | None


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
        elif file.suffix != ".csv" and file.name not in ("batches.meta", "meta"):
            yield _from_pickle(file, classes)


def _class_names(files: Sequence[Path]) -> Sequence[str] | None:
    """The names of classes by their number; None where no file has them."""
    for file in files:
        if file.name in ("batches.meta", "meta"):
            found = _unpickled(file)
            for key in ("label_names", "fine_label_names"):
                if key in found:
                    return [str(name) for name in found[key]]
        if file.name == "labels.csv":
            rows = csv.DictReader(io.StringIO(file.read_text(encoding="utf-8-sig")))
            return [row["label"] for row in sorted(rows, key=lambda row: int(row["class"]))]
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
    numbers = next((batch[key] for key in ("labels", "fine_labels") if key in batch), None)
    names = batch.get("filenames")
    return _checked(
        ImageArray(str(file), _split(file.name), pixels, _labels(file, numbers, len(pixels), classes), names)
    )


def _from_npz(file: Path, classes: Sequence[str] | None) -> Iterator[ImageArray]:
    """Images and labels, or train_images, train_labels and so on, as MedMNIST has them."""
    try:
        archive = np.load(file, allow_pickle=False)
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise ImageLakeError(f"{file}: is no .npz that can be read: {error}") from None
    with archive:
        found = [name for name in archive.files if name == "images" or name.endswith("_images")]
        if not found:
            raise ImageLakeError(f"{file}: expected an array images or *_images, found {', '.join(archive.files)}")
        for name in found:
            prefix = name.removesuffix("images")
            pixels, numbers, ids = (
                _array(file, archive, f"{prefix}{part}") for part in ("images", "labels", "image_ids")
            )
            labels = _labels(file, None if numbers is None else numbers.ravel().tolist(), len(pixels), classes)
            split = _split(prefix or file.name)
            names = None if ids is None else ids.tolist()
            yield _checked(ImageArray(f"{file}: {name}", split, pixels, labels, names))


def _array(file: Path, archive: Mapping[str, Any], name: str) -> Any:
    if name not in archive:
        return None
    try:
        return archive[name]
    except ValueError as error:  # an array of objects, which would be unpickled
        raise ImageLakeError(f"{file}: {name}: {error}") from None


def _from_npy(file: Path) -> ImageArray:
    """An array, and a CSV of the same name with the columns label, and where they are known split and image_id."""
    try:
        pixels = np.load(file, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise ImageLakeError(f"{file}: is no .npy that can be read: {error}") from None
    described = file.with_suffix(".csv")
    if not described.is_file():
        raise ImageLakeError(f"{file}: there is no {described.name} beside it with the column label, a row an image")
    rows = list(csv.DictReader(io.StringIO(described.read_text(encoding="utf-8-sig"))))
    if rows and "label" not in rows[0]:
        raise ImageLakeError(f"{described}: lacks the column label; it has {', '.join(rows[0])}")
    labels = [row["label"] or None for row in rows]
    names = [row["image_id"] for row in rows] if rows and "image_id" in rows[0] else None
    return _checked(ImageArray(str(file), _split(file.name), pixels, labels, names))


def _labels(
    file: Path, numbers: Sequence[int] | None, images: int, classes: Sequence[str] | None
) -> Sequence[str | None]:
    if numbers is None:
        return [None] * images
    unknown = [number for number in numbers if classes is not None and not -1 <= number < len(classes)]
    if unknown:
        raise ImageLakeError(f"{file}: label {unknown[0]}; known are 0 to {len(classes or ()) - 1}, and -1 for none")
    return [None if number < 0 else classes[number] if classes else str(number) for number in numbers]


def _split(name: str) -> str:
    """The split that a name begins with; all where it says none."""
    return next((split for start, split in SPLITS.items() if name.lower().startswith(start)), "all")


def _checked(array: ImageArray) -> ImageArray:
    """The array, if its shapes, types and numbers fit."""
    pixels = array.pixels
    if pixels.dtype != np.uint8 or not (pixels.ndim == 3 or (pixels.ndim == 4 and pixels.shape[3] == 3)):
        raise ImageLakeError(
            f"{array.name}: expected uint8 [N, H, W] for grey images or [N, H, W, 3] for RGB, "
            f"found {pixels.dtype} {list(pixels.shape)}"
        )
    if len(array.labels) != len(pixels):
        raise ImageLakeError(f"{array.name}: {len(array.labels):,} labels for {len(pixels):,} images")
    if array.names is not None and len(array.names) != len(pixels):
        raise ImageLakeError(f"{array.name}: {len(array.names):,} names for {len(pixels):,} images")
    return array
