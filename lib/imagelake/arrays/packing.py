"""Arrays of images as a few Parquet files: a row an image, never a file an image.

Each image becomes a PNG, which changes no level. A PNG of 32 x 32 takes about 2.5 kB.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray
from PIL import Image

from imagelake.arrays.array_files import CLASSES, META, read_arrays

GROUP_BYTES = 16 * 2**20
FILE_BYTES = 128 * 2**20
PACKED = pa.schema(
    {
        "image_id": pa.string(),
        "split": pa.string(),
        "source_label": pa.string(),
        "keyword": pa.string(),
        "path": pa.string(),
        "modified_ms": pa.int64(),
        "content": pa.binary(),
    }
)
_TEXTS = (".html", ".md", ".txt", ".json", ".txt~")
_CHECKSUMS = ".crc"  # which Hadoop writes beside each file of a local folder


@dataclass(frozen=True)
class ArrayFile:
    """A file on this machine.

    Attributes:
        local: its path here.
        address: where it came from: what tables call it.
        modified_ms: when it was changed last, milliseconds since 1970.
    """

    local: Path
    address: str
    modified_ms: int


def is_array_file(name: str) -> bool:
    """Whether a file of a folder of arrays is more than a text about them, or Hadoop's checksums of a file."""
    return not name.lower().endswith((*_TEXTS, _CHECKSUMS))


def companions(address: str) -> tuple[str, ...]:
    """What may lie beside an array file and describe it: the CSV of an .npy, the class names of CIFAR's batches."""
    folder, _, name = address.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    if ending == "npy":
        return (f"{folder}/{stem}.csv",)
    return () if dot or name in (*META, CLASSES) else tuple(f"{folder}/{meta}" for meta in META)


def pack_arrays(files: Sequence[ArrayFile], folder: Path) -> int:
    """Write the images of array files into a folder as Parquet of the schema PACKED; returns their number.

    One array and 16 MB of images are in memory at a time.

    Raises:
        ImageLakeError: a file has another format, or its shapes, types or numbers do not fit.
    """
    by_path = {file.local: file for file in files}
    packed, images = _Parquet(folder), 0
    try:
        for array in read_arrays(list(by_path)):
            file = by_path[array.file]
            cells = zip(array.image_ids(), array.splits, array.labels, array.keywords, array.pixels, strict=True)
            for image_id, split, label, keyword, pixels in cells:
                packed.add((image_id, split, label, keyword, file.address, file.modified_ms, _png(pixels)))
                images += 1
    finally:
        packed.close()
    return images


def _png(pixels: NDArray[np.uint8]) -> bytes:
    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG", compress_level=1)
    return file.getvalue()


class _Parquet:
    """Images in Parquet files, a few megabytes in memory."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._rows = folder, list[tuple[Any, ...]]()
        self._waiting = self._written = self._files = 0
        self._writer: pq.ParquetWriter | None = None

    def add(self, row: tuple[Any, ...]) -> None:
        """Add an image, a cell a column of PACKED."""
        self._rows.append(row)
        self._waiting += len(row[-1])
        if self._waiting >= GROUP_BYTES:
            self._write()

    def _write(self) -> None:
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._folder / f"images-{self._files:05}.parquet", PACKED)
            self._files += 1
        columns = [list(cells) for cells in zip(*self._rows, strict=True)]
        self._writer.write_table(pa.table(columns, schema=PACKED))
        self._written += self._waiting
        self._rows, self._waiting = [], 0
        if self._written >= FILE_BYTES:
            self._end_file()

    def _end_file(self) -> None:
        if self._writer is not None:
            self._writer.close()
        self._writer, self._written = None, 0

    def close(self) -> None:
        """Write what is left."""
        if self._rows:
            self._write()
        self._end_file()
