"""Files of bytes that executors write wherever the lake lies, through Spark's text writer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F

from imagelake.exports.byte_stream import rows_of
from imagelake.exports.cifar_pickle import END, cifar_batch
from imagelake.exports.npz import COMMENT, npz
from imagelake.exports.pixels import Pixels
from imagelake.exports.tar import Sample, shard
from imagelake.transforms.export.rows import DESCRIBED, UNKNOWN
from imagelake.vision.decode import decode_image
from imagelake.vision.errors import ImageError
from imagelake.vision.limits import Limits
from imagelake.vision.preprocess import Framing, frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from imagelake.exports.plan import PlannedFile

ROW_BYTES = 1 << 20  # from which on a row of the text writer ends
_ENDINGS = {"JPEG": "jpg", "MPO": "jpg", "TIFF": "tif"}


@dataclass(frozen=True)
class Resizing:
    """How images become squares of equal size.

    Attributes:
        side: pixels.
        framing: crop or squeeze.
        limits: what one image may cost.
    """

    side: int
    framing: Framing
    limits: Limits

    def pixels(self, content: bytes) -> NDArray[np.uint8]:
        """An image as uint8 [side, side, 3].

        Raises:
            ImageError: it cannot be decoded.
        """
        decoded = decode_image(content, self.limits)
        if decoded.image.size == (self.side, self.side):
            return decoded.pixels()  # not a level changes
        return frame(decoded, self.side, self.framing)


FileStream = Callable[["PlannedFile", Iterator[dict[str, Any]]], Iterable[bytes]]
"""The bytes of a file, of its rows in order."""


def tar_stream(_: PlannedFile, rows: Iterator[dict[str, Any]]) -> Iterable[bytes]:
    """A shard of WebDataset with the images' own files."""
    return shard(
        Sample(
            f"{row['row']:010}",
            ending_of(row["format"]),
            row["content"],
            None if row["class"] == UNKNOWN else row["class"],
            {name: row[name] for name in ("image_id", "label", *DESCRIBED) if row[name] is not None},
        )
        for row in rows
    )


def npz_stream(resizing: Resizing) -> FileStream:
    """Arrays of images of one size."""

    def stream(file: PlannedFile, rows: Iterator[dict[str, Any]]) -> Iterable[bytes]:
        return npz(_pixels(rows, resizing), (file.rows, resizing.side, resizing.side, 3))

    return stream


def cifar_stream(resizing: Resizing, batches: int) -> FileStream:
    """A batch of CIFAR; `batches` is how many of training images there are."""

    def stream(file: PlannedFile, rows: Iterator[dict[str, Any]]) -> Iterable[bytes]:
        number = file.path.rpartition("_")[2]
        name = f"training batch {number} of {batches}" if file.split == "train" else f"{file.split} batch"
        return cifar_batch(name, _pixels(rows, resizing), file.rows)

    return stream


SEPARATORS = {"webdataset": b"\0", "npz": COMMENT, "cifar": END}


def _pixels(rows: Iterator[dict[str, Any]], resizing: Resizing) -> Iterator[Pixels]:
    for row in rows:
        try:
            pixels = resizing.pixels(row["content"])
        except ImageError as error:
            raise ValueError(f"image {row['image_id']}: {error.reason}: {error.detail}") from error
        yield Pixels(pixels, row["class"], row["image_id"])


def ending_of(form: str | None) -> str:
    """The usual ending of a file format: jpg for JPEG."""
    return _ENDINGS.get(form or "", (form or "bin").lower())


def file_rows(rows: DataFrame, files: Sequence[PlannedFile], stream: FileStream, separator: bytes) -> DataFrame:
    """One partition a file, whose rows with the separator behind each are its bytes: a column of text.

    An image's bytes are held while they are written, and no file as a whole.

    Args:
        rows: with file, row, content and what the stream needs.
        files: the planned ones.
        stream: makes the bytes of a file.
        separator: see `rows_of`.
    """
    planned = list(files)

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        cells = (row for batch in batches for row in batch.to_pylist())
        first = next(cells, None)
        if first is None:
            return
        file = planned[first["file"]]
        for row in rows_of(stream(file, _chain(first, cells)), separator, ROW_BYTES):
            yield pa.record_batch({"value": pa.array([row], pa.binary())})

    in_files = rows.repartitionById(len(planned), F.col("file")).sortWithinPartitions("row")
    return in_files.mapInArrow(write, "value binary").select(F.col("value").cast("string").alias("value"))


def _chain(first: dict[str, Any], rest: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    yield first
    yield from rest
