"""The image index as a table: a sample to learn from, and every image's cell and code.

Letters: N images, D features, M bytes of a code.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.search.quantizer import Quantizer
from imagelake.search.scan import HALF

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from imagelake.search.description import IndexDescription

INDEXED = pa.schema(
    {
        "cell": pa.int32(),
        "image_id": pa.string(),
        "code": pa.binary(),
        "features": pa.binary(),
        "features_hash": pa.int64(),
    }
)
SAMPLED = pa.schema({"places": pa.binary(), "features": pa.binary()})
ROWS_AT_ONCE = 1_024  # of 1,024 features: 4 MB, and enough for the matrix product that finds their cells
BYTES_PER_FILE = 128 * 2**20
HASHES = 2**32
HASHED = 128  # Two images that differ differ in the first features, and hashing all would take a tenth of the build.
# In small groups of rows one image can be read without thousands of others, and a search skips the cells that it does
# not look into. Neither a dictionary nor a codec finds anything in codes and half-precision numbers but time to spend.
INDEX_OPTIONS = {
    "parquet.block.size": str(2 * 2**20),
    "parquet.enable.dictionary": "false",
    "compression": "none",
}


def indexable(predictions: DataFrame) -> DataFrame:
    """The images with features: image_id, features, features_hash."""
    return predictions.where("error IS NULL").select(
        "image_id", "features", F.xxhash64(F.slice("features", 1, HASHED)).alias("features_hash")
    )


def feature_sample(images: DataFrame, rows: int, wanted: int) -> NDArray[np.float32]:
    """Features of about the wanted number of images, those with the lowest hashes of their names: float32 [N, D].

    They come to the driver in half precision.

    Args:
        images: image_id and features.
        rows: how many there are.
        wanted: about how many to take; all where that is no fewer than there are.
    """
    place = F.pmod(F.xxhash64("image_id"), F.lit(HASHES))
    chosen = images.select(place.alias("place"), "features").where(place < round(HASHES * min(1, wanted / rows)))

    def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                features = features_of(batch).astype(HALF)
                yield pa.record_batch([[batch["place"].to_numpy().tobytes()], [features.tobytes()]], schema=SAMPLED)

    packed = chosen.mapInArrow(pack, from_arrow_schema(SAMPLED)).toArrow().to_pydict()
    places = np.concatenate([np.frombuffer(part, np.int64) for part in packed["places"]])
    features = np.frombuffer(b"".join(packed["features"]), HALF).reshape(len(places), -1)
    # What is learnt depends on the order, and that must not depend on the files.
    return features[np.argsort(places, kind="stable")].astype(np.float32)


def index_images(images: DataFrame, quantizer: bytes) -> DataFrame:
    """The image_index table in no order: each image's cell and code.

    Args:
        images: image_id, features and features_hash, one row an image.
        quantizer: the trained quantizer, sent to every executor.
    """
    shipped = images.sparkSession.sparkContext.broadcast(quantizer)

    def assign(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        opened = open_quantizer(shipped.value)
        for batch in gathered(batches, ROWS_AT_ONCE):
            features = features_of(batch)
            assigned = opened.assign(features)
            columns = {
                "cell": pa.array(assigned.cells),
                "image_id": batch["image_id"],
                "code": binaries(assigned.codes),
                "features": binaries(features.astype(HALF).view(np.uint8)),
                "features_hash": batch["features_hash"],
            }
            yield pa.record_batch([columns[name] for name in INDEXED.names], schema=INDEXED)

    return images.mapInArrow(assign, from_arrow_schema(INDEXED))


@cache
def open_quantizer(trained: bytes) -> Quantizer:
    """A quantizer, opened once in a Python worker; a task has one core, and takes no more."""
    import faiss

    faiss.omp_set_num_threads(1)
    return Quantizer(trained)


def gathered(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of small batches in ones of at least so many rows, but for the last."""
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


def in_order_of_cells(indexed: DataFrame, rows: int, description: IndexDescription) -> DataFrame:
    """The image_index table in partitions of near the block size, each a range of cells, sorted by cell and name.

    A cell's partition is known from its number, so nothing is sampled and no image is assigned twice.
    """
    width = description.parameters.code_bytes + 2 * description.dimension
    partitions = min(description.parameters.cells, 1 + rows * width // BYTES_PER_FILE)
    place = F.floor(F.col("cell") * F.lit(partitions) / F.lit(description.parameters.cells)).cast("int")
    return indexed.repartitionById(partitions, place).sortWithinPartitions("cell", "image_id")


def unchanged_and_fresh(indexed: DataFrame, images: DataFrame) -> tuple[DataFrame, DataFrame]:
    """The rows of an earlier index whose images are as they were, and the images that it does not hold as they are.

    What is compared is names and hashes of features: the vectors themselves stay where they are.
    """
    key = ["image_id", "features_hash"]
    before, now = indexed.select(key), images.select(key)
    gone, new = before.join(now, key, how="left_anti"), now.join(before, key, how="left_anti")
    return indexed.join(gone, key, how="left_anti"), images.join(new, key, how="left_semi")


def width_of(images: DataFrame) -> int:
    """D, the features of an image; 0 where there is no image."""
    first = images.select(F.size("features").alias("width")).first()
    return int(first["width"]) if first else 0
