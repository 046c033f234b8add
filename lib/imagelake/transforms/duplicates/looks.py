"""What pictures are compared by: vectors of the network's features and of thumbnails, in spaces that are learnt first.

Letters: N images, D dimensions of a vector.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.measures.thumbnail_vectors import thumbnail_vectors
from imagelake.search.cells import Cells, power_of_two
from imagelake.search.scan import HALF
from imagelake.transforms.rows.features import HASH_VALUES, binaries, features_of, gathered
from imagelake.vision.fingerprint import thumbnail_pixels

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

SAMPLED = 20_000  # images, about, that a space of vectors is learnt from: 40 MB of features
ROWS_AT_ONCE = 1_024
OFFSETS = ("features_length", "features_common")
"""Columns beside the projected features, see `Cells.offsets`."""
SAMPLE = pa.schema({"column": pa.string(), "hashes": pa.binary(), "vectors": pa.binary()})


@dataclass(frozen=True)
class Space:
    """A space in which pictures have neighbours.

    Attributes:
        column: of predictions, which the vectors are made of.
        cells: learnt from a sample of them.
        least: the cosine that neighbours have at least.
    """

    column: str
    cells: Cells
    least: float

    @property
    def vector(self) -> str:
        """The column of the projected vectors."""
        return f"{self.column}_vector"


def learn_spaces(predictions: DataFrame, rows: int, least: Mapping[str, float]) -> list[Space]:
    """The spaces of those columns of which there are any vectors, learnt on the driver from one sample.

    Args:
        predictions: image_id and the columns.
        rows: how many there are, about.
        least: of each column, features or thumbnail, the cosine of neighbours.
    """
    samples = _samples(predictions, rows, list(least))
    return [Space(column, Cells.train(samples[column], rows), least[column]) for column in least if column in samples]


def _samples(predictions: DataFrame, rows: int, columns: Sequence[str]) -> dict[str, NDArray[np.float32]]:
    """The vectors float32 [N, D] of each column of the images with the lowest hashes of their names, in that order.

    A half, a quarter and so on of all images, so that an image added to the lake changes nothing but its own row. They
    come to the driver in half precision.
    """
    sampled = F.pmod(F.xxhash64("image_id"), F.lit(HASH_VALUES))
    share = 1 if rows <= SAMPLED else power_of_two(SAMPLED * HASH_VALUES // rows) / HASH_VALUES
    few = predictions.select(sampled.alias("sampled"), *columns).where(sampled < round(HASH_VALUES * share))

    def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for column in columns:
                known = batch.filter(batch[column].is_valid())
                if known.num_rows:
                    hashes, vectors = known["sampled"].to_numpy(), VECTORS[column](known).astype(HALF)
                    yield pa.record_batch([[column], [hashes.tobytes()], [vectors.tobytes()]], schema=SAMPLE)

    packed = few.mapInArrow(pack, from_arrow_schema(SAMPLE)).toArrow()
    found = {}
    for column in columns:
        parts = packed.filter(pa.array([name == column for name in packed["column"].to_pylist()], pa.bool_()))
        if parts.num_rows:
            hashes = np.frombuffer(b"".join(parts["hashes"].to_pylist()), np.int64)
            vectors = np.frombuffer(b"".join(parts["vectors"].to_pylist()), HALF).reshape(len(hashes), -1)
            # Training depends on the order, which must not depend on the files.
            found[column] = vectors[np.argsort(hashes, kind="stable")].astype(np.float32)
    return found


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


def vectors_of_thumbnails(batch: pa.RecordBatch | pa.Table) -> NDArray[np.float32]:
    """The column thumbnail as vectors float32 [N, 192]."""
    return thumbnail_vectors(pixels_in(batch["thumbnail"]))


def pixels_in(thumbnails: pa.Array | pa.ChunkedArray) -> NDArray[np.uint8]:
    """Thumbnails as pixels uint8 [N, 32, 32, 3]."""
    return thumbnail_pixels(b"".join(thumbnails.to_pylist()))


VECTORS = {"features": features_of, "thumbnail": vectors_of_thumbnails}
