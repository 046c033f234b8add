"""What pictures are compared by: vectors of the network's features and of thumbnails, projected to learnt spaces."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.search.scan import HALF
from imagelake.transforms.duplicates.vectors import VECTORS
from imagelake.transforms.rows.features import binaries, gathered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

    from imagelake.transforms.duplicates.spaces import Space

ROWS_AT_ONCE = 1_024
OFFSETS = ("features_length", "features_common")
"""Columns beside the projected features, see `Cells.offsets`."""


def project_looks(predictions: DataFrame, spaces: Sequence[Space]) -> DataFrame:
    """What images with a thumbnail are compared by: image_id, thumbnail, perceptual_hash and a vector of each space.

    Vectors are projected, of half precision; null where there is nothing to make them of. Where there are features,
    their offsets are there, too.

    Args:
        predictions: image_id, thumbnail, perceptual_hash and the columns of the spaces.
        spaces: that vectors are projected to.
    """
    shipped = predictions.sparkSession.sparkContext.broadcast(list(spaces))
    kept = {"image_id": pa.string(), "thumbnail": pa.binary(), "perceptual_hash": pa.int64()}
    offsets = dict.fromkeys(OFFSETS if any(space.column == "features" for space in spaces) else (), pa.float32())
    schema = pa.schema({**kept, **{space.vector: pa.binary() for space in spaces}, **offsets})

    def project(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in gathered(batches, ROWS_AT_ONCE):
            vectors = [_projected(batch, space) for space in shipped.value]
            beside = [
                column for space in shipped.value if space.column == "features" for column in _offsets(batch, space)
            ]
            yield pa.record_batch([*(batch[name] for name in kept), *vectors, *beside], schema=schema)

    columns = dict.fromkeys((*kept, *(space.column for space in spaces)))
    known = predictions.where("thumbnail IS NOT NULL").select(*columns)
    return known.mapInArrow(project, from_arrow_schema(schema))


def _projected(batch: pa.RecordBatch, space: Space) -> pa.Array:
    """The projected vectors of a batch, null where the column is."""
    known = batch.filter(batch[space.column].is_valid())
    if not known.num_rows:
        return pa.nulls(batch.num_rows, pa.binary())
    projected = binaries(space.cells.project(VECTORS[space.column](known)).astype(HALF).view(np.uint8))
    return _at_rows(projected, batch[space.column])


def _offsets(batch: pa.RecordBatch, space: Space) -> list[pa.Array]:
    """The columns OFFSETS of a batch, null where the column is."""
    known = batch.filter(batch[space.column].is_valid())
    if not known.num_rows:
        return [pa.nulls(batch.num_rows, pa.float32()) for _ in OFFSETS]
    offsets = space.cells.offsets(VECTORS[space.column](known))
    return [_at_rows(pa.array(np.ascontiguousarray(column)), batch[space.column]) for column in offsets.T]


def _at_rows(values: pa.Array, column: pa.Array) -> pa.Array:
    """Values of the rows where a column is not null, at these rows."""
    if not column.null_count:
        return values
    valid = column.is_valid().to_numpy(zero_copy_only=False)
    return values.take(pa.array(np.cumsum(valid) - 1, mask=~valid))
