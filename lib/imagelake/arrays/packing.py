"""Pack arrays of images into the files that --open-images reads: few Parquet files instead of a file an image.

Reads CIFAR pickles (and batches.meta), .npz, and .npy with a CSV; images uint8, grey or RGB. Writes Parquet with each
image as PNG, which changes no level, an image list with the splits, labels and class descriptions. A pickle that asks
for anything but arrays and plain containers is refused, because it could run a program.

    imagelake pack-arrays cifar-10-batches-py --to packed
    imagelake run --open-images packed --root var/cifar
"""

from __future__ import annotations

import argparse
import csv
import io
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image

from imagelake.arrays.array_files import ImageArray, read_arrays
from imagelake.errors import ImageLakeError

ROWS_PER_GROUP = 2_000
ROWS_PER_FILE = 100_000
UNUSABLE = 2
_SCHEMA = pa.schema({"ImageID": pa.string(), "content": pa.binary()})


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="imagelake pack-arrays", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("arrays", nargs="+", type=Path, metavar="FILE", help="array files, or folders of them")
    made.add_argument("--to", required=True, type=Path, metavar="FOLDER", help="a new folder for the packed files")
    return made


def main(arguments: Sequence[str] | None = None) -> int:
    """Pack; returns the exit code."""
    options = parser().parse_args(arguments)
    try:
        images = pack_arrays(array_files(options.arrays), options.to)
    except ImageLakeError as error:
        sys.stderr.write(f"pack-arrays: {error}\n")
        return UNUSABLE
    print(f"{images:,} images packed; next: imagelake run --open-images {options.to}")
    return 0


def array_files(paths: Sequence[Path]) -> list[Path]:
    """The files named, and those directly in the folders named, but for texts about them.

    Raises:
        ImageLakeError: one of them is not there, or there is no file at all.
    """
    files: list[Path] = []
    for path in paths:
        if not path.exists():
            raise ImageLakeError(f"{path}: there is no such file or folder")
        inside = sorted(path.iterdir()) if path.is_dir() else [path]
        files += [file for file in inside if file.is_file() and file.suffix not in (".html", ".md", ".txt", ".json")]
    if not files:
        raise ImageLakeError(f"{', '.join(map(str, paths))}: there is no array file")
    return files


def pack_arrays(files: Sequence[Path], folder: Path) -> int:
    """Write the packed files into a new folder; returns the number of images.

    Raises:
        ImageLakeError: the folder exists, or an array does not fit; then nothing is left.
    """
    if folder.exists():
        raise ImageLakeError(f"{folder} exists: name a new folder")
    scratch = folder.with_name(f".{folder.name}.part")
    scratch.mkdir(parents=True)
    try:
        images = _pack(files, scratch)
        scratch.rename(folder)
    finally:
        if scratch.exists():
            for file in scratch.iterdir():
                file.unlink()
            scratch.rmdir()
    return images


def _pack(files: Sequence[Path], folder: Path) -> int:
    names: set[str] = set()
    packed = _Parquet(folder)
    labels: dict[str, str] = {}
    with (
        (folder / "images.csv").open("w", encoding="utf-8", newline="") as lists,
        (folder / "labels.csv").open("w", encoding="utf-8", newline="") as annotations,
    ):
        images, labelled = csv.writer(lists, lineterminator="\n"), csv.writer(annotations, lineterminator="\n")
        images.writerow(("ImageID", "Subset"))
        labelled.writerow(("ImageID", "Source", "LabelName", "Confidence"))
        for array in read_arrays(files):
            for row, image_id in enumerate(_image_ids(array)):
                if image_id in names:
                    raise ImageLakeError(f"{array.name}: the name {image_id!r} stands twice")
                names.add(image_id)
                packed.add(image_id, _png(array.pixels[row]))
                images.writerow((image_id, array.split))
                if label := array.labels[row]:
                    labelled.writerow((image_id, "verification", labels.setdefault(label, f"/a/{len(labels)}"), 1))
    packed.close()
    with (folder / "class-descriptions.csv").open("w", encoding="utf-8", newline="") as described:
        lines = csv.writer(described, lineterminator="\n")
        lines.writerow(("LabelName", "DisplayName"))
        lines.writerows((label_id, label) for label, label_id in labels.items())
    return len(names)


def _image_ids(array: ImageArray) -> Iterator[str]:
    """The images' own names, or the split and the number of the image in its file."""
    if array.names is not None:
        yield from map(str, array.names)
        return
    start = Path(array.name.partition(": ")[0]).name
    yield from (f"{array.split}/{start}/{row:07}" for row in range(len(array.pixels)))


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", compress_level=1)
    return file.getvalue()


class _Parquet:
    """Images in Parquet files, a few thousand in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._ids, self._contents = folder, list[str](), list[bytes]()
        self._rows = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, image_id: str, content: bytes) -> None:
        """Add an image."""
        self._ids.append(image_id)
        self._contents.append(content)
        if len(self._ids) == ROWS_PER_GROUP:
            self._write()

    def _write(self) -> None:
        if self._writer is None:
            number = self._rows // ROWS_PER_FILE
            self._writer = pq.ParquetWriter(self._folder / f"images-{number:05}.parquet", _SCHEMA)
        self._writer.write_table(pa.table([self._ids, self._contents], schema=_SCHEMA))
        self._rows += len(self._ids)
        self._ids, self._contents = [], []
        if self._rows % ROWS_PER_FILE == 0:
            self._writer.close()
            self._writer = None

    def close(self) -> None:
        """Write what is left."""
        if self._ids:
            self._write()
        if self._writer is not None:
            self._writer.close()
