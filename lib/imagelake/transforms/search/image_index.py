"""The image index as a table: every image's cell and code.

Letters: N images, D features, M bytes of a code.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.search.quantizer import Quantizer
from imagelake.search.scan import HALF
from imagelake.transforms.rows.features import binaries, features_of, gathered

if TYPE_CHECKING:
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
ROWS_AT_ONCE = 1_024  # of 1,024 features: 4 MB, and enough for the matrix product that finds their cells
BYTES_PER_FILE = 128 * 2**20
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


def in_order_of_cells(indexed: DataFrame, rows: int, description: IndexDescription) -> DataFrame:
    """The image_index table in partitions of near the block size, each a range of cells, sorted by cell and name.

    A cell's partition is known from its number, so nothing is sampled and no image is assigned twice.
    """
    width = description.parameters.code_bytes + 2 * description.dimension
    partitions = min(description.parameters.cells, 1 + rows * width // BYTES_PER_FILE)
    partition = F.floor(F.col("cell") * F.lit(partitions) / F.lit(description.parameters.cells)).cast("int")
    return indexed.repartitionById(partitions, partition).sortWithinPartitions("cell", "image_id")


def width_of(images: DataFrame) -> int:
    """D, the features of an image; 0 where there is no image."""
    first = images.select(F.size("features").alias("width")).first()
    return int(first["width"]) if first else 0
