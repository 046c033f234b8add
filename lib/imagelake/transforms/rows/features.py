"""Features as rows and as arrays: a sample of them, and batches large enough for matrix products.

Letters: N images, D features, M bytes of a code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.types import ArrayType

from imagelake.errors import ImageLakeError
from imagelake.search.scan import HALF

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import Column, DataFrame

SAMPLED = pa.schema({"hashes": pa.binary(), "features": pa.binary()})
HASH_VALUES = 2**32


def name_hash() -> Column:
    """A number below HASH_VALUES of an image's name."""
    return F.pmod(F.xxhash64("image_id"), F.lit(HASH_VALUES))


def is_sampled(share: float) -> Column:
    """Whether an image is in a sample of about such a share of all, 0 to 1: those with the lowest hashes of names."""
    return name_hash() < round(HASH_VALUES * share)


def feature_sample(images: DataFrame, rows: int, wanted: int) -> NDArray[np.float32]:
    """Features of about the wanted number of images, those with the lowest hashes of their names: float32 [N, D].

    They come to the driver in half precision.

    Args:
        images: image_id and features.
        rows: how many there are.
        wanted: about how many to take; all where that is no fewer than there are.
    """
    chosen = images.where(is_sampled(min(1, wanted / rows))).select(name_hash().alias("sampled"), "features")

    def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                features = features_of(batch).astype(HALF)
                yield pa.record_batch([[batch["sampled"].to_numpy().tobytes()], [features.tobytes()]], schema=SAMPLED)

    packed = chosen.mapInArrow(pack, from_arrow_schema(SAMPLED)).toArrow().to_pydict()
    hashes = np.concatenate([np.frombuffer(part, np.int64) for part in packed["hashes"]])
    features = np.frombuffer(b"".join(packed["features"]), HALF).reshape(len(hashes), -1)
    # Training depends on the order, which must not depend on the files.
    return features[np.argsort(hashes, kind="stable")].astype(np.float32)


def feature_list(rows: DataFrame, column: str, setting: str) -> Column | None:
    """The features of rows as one list of floats; None where no column is called so.

    Args:
        rows: of a file.
        column: a column of lists; or a beginning and an asterisk, for the columns that go on with a number, by it.
        setting: that names the column, for the error.

    Raises:
        ImageLakeError: the column is no list of numbers.
    """
    if column.endswith("*"):
        beginning = column.removesuffix("*")
        numbers = [one for one in rows.columns if one.startswith(beginning) and one[len(beginning) :].isdigit()]
        ordered = sorted(numbers, key=lambda one: int(one[len(beginning) :]))
        return F.array(*(F.col(f"`{one}`").cast("float") for one in ordered)) if ordered else None
    if column not in rows.columns:
        return None
    if not is_list(rows, column):
        kept = rows.schema[column].dataType.simpleString()
        raise ImageLakeError(
            f"{setting} = {column!r} is a column of {kept}, not of lists of numbers; for a column each, "
            "end it with an asterisk, such as f*"
        )
    return F.col(f"`{column}`")


def is_list(rows: DataFrame, column: str) -> bool:
    """Whether a column is one of lists."""
    return isinstance(rows.schema[column].dataType, ArrayType)


def gathered(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Small batches joined to batches of at least so many rows, except for the last."""
    waiting: list[pa.RecordBatch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(part.num_rows for part in waiting) >= rows:
            yield pa.concat_batches(waiting)
            waiting = []
    if sum(part.num_rows for part in waiting):
        yield pa.concat_batches(waiting)


def features_of(batch: pa.RecordBatch) -> NDArray[np.float32]:
    """The column features, lists of equal length, as float32 [N, D]."""
    return np.asarray(batch["features"].flatten().to_numpy().reshape(batch.num_rows, -1), np.float32)


def binaries(rows: NDArray[np.uint8]) -> pa.Array:
    """Bytes [N, M] as N binary values."""
    offsets = np.arange(len(rows) + 1, dtype=np.int32) * np.int32(rows.shape[1])
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows))]
    return pa.Array.from_buffers(pa.binary(), len(rows), buffers)
