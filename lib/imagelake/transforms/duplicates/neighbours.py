"""The nearest pictures of every picture, by vectors: within the cells that both lie in, never among all.

Letters: N pictures, D dimensions of a vector, P projected ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.search.cells import Cells, neighbours_within
from imagelake.search.scan import HALF
from imagelake.search.serving_folder import fixed_width
from imagelake.transforms.rows.features import binaries, gathered

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

PROJECTED = pa.schema({"image_id": pa.string(), "vector": pa.binary()})
ROUTED = pa.schema(
    {
        "cell": pa.int32(),
        "closeness": pa.int32(),
        "picture": pa.int64(),
        "side": pa.int8(),
        "vector": pa.binary(),
    }
)
NEAR = pa.schema({"picture": pa.int64(), "other": pa.int64(), "cosine": pa.float32()})
ROWS_AT_ONCE = 1_024
CLOSENESS_STEPS = 10_000  # of a cosine, so that rounding errors do not order a large cell


@dataclass(frozen=True)
class Reach:
    """How far a picture's neighbours are looked for.

    Attributes:
        neighbours: of each picture.
        cells: that a picture is compared in.
        least: the lowest cosine.
        block: pictures of a cell that are compared with each other at most: a larger cell is cut into blocks that
            overlap by half, in the order of closeness to its centroid.
    """

    neighbours: int
    cells: int
    least: float
    block: int = 8_192


def project_pictures(
    images: DataFrame, column: str, vectors_of: Callable[[pa.RecordBatch], NDArray[np.float32]], cells: Cells
) -> DataFrame:
    """Small vectors of images: image_id and vector, half precision of P numbers.

    Args:
        images: image_id and the column.
        column: what vectors are made of; images where it is null are left out.
        vectors_of: the vectors float32 [N, D] of a batch.
        cells: the space they are projected to.
    """
    shipped = images.sparkSession.sparkContext.broadcast(cells)

    def project(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in gathered(batches, ROWS_AT_ONCE):
            projected = shipped.value.project(vectors_of(batch)).astype(HALF)
            yield pa.record_batch([batch["image_id"], binaries(projected.view(np.uint8))], schema=PROJECTED)

    return (
        images.where(F.col(column).isNotNull())
        .select("image_id", column)
        .mapInArrow(project, from_arrow_schema(PROJECTED))
    )


def nearest_pictures(pictures: DataFrame, cells: Cells, reach: Reach) -> DataFrame:
    """The nearest neighbours of every picture: picture and nearest, an array of (far, other), the nearest first.

    far is the cosine with its sign changed.

    Args:
        pictures: picture, vector as `project_pictures` makes it, and side: two pictures of side 0, or two of side 1,
            are not compared; those of side 2 are with all.
        cells: the space of the vectors.
        reach: how far.
    """
    shipped = pictures.sparkSession.sparkContext.broadcast(cells)

    def route(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in gathered(batches, ROWS_AT_ONCE):
            chosen, cosines = shipped.value.route(vectors_in(batch).astype(np.float32), reach.cells)
            rows = pa.array(np.repeat(np.arange(batch.num_rows), chosen.shape[1]))
            closeness = np.rint(cosines.ravel() * CLOSENESS_STEPS).astype(np.int32)
            repeated = [batch[name].take(rows) for name in ("picture", "side", "vector")]
            yield pa.record_batch([pa.array(chosen.ravel()), pa.array(closeness), *repeated], schema=ROUTED)

    def compare(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for block in blocks_of_cells(gathered(batches, ROWS_AT_ONCE), reach.block):
            vectors = vectors_in(block).astype(np.float32)
            sides = block["side"].to_numpy()
            query, near, cosines = neighbours_within(vectors, reach.neighbours, reach.least, sides)
            numbers = block["picture"].to_numpy()
            yield pa.record_batch([numbers[query], numbers[near], cosines], schema=NEAR)

    routed = pictures.select("picture", "side", "vector").mapInArrow(route, from_arrow_schema(ROUTED))
    in_cells = routed.repartition("cell").sortWithinPartitions("cell", "closeness", "picture")
    found = in_cells.mapInArrow(compare, from_arrow_schema(NEAR))
    # A pair may lie together in several cells, where its cosine differs by the last digits.
    once = found.groupBy("picture", "other").agg(F.max("cosine").alias("cosine"))
    nearest_first = F.sort_array(F.collect_list(F.struct((-F.col("cosine")).alias("far"), "other")))
    return once.groupBy("picture").agg(F.slice(nearest_first, 1, reach.neighbours).alias("nearest"))


def pairs_of(nearest: DataFrame) -> DataFrame:
    """The pairs of neighbours, the better picture first: first, second."""
    pairs = nearest.select("picture", F.explode("nearest.other").alias("other"))
    return pairs.select(F.least("picture", "other").alias("first"), F.greatest("picture", "other").alias("second"))


def backgrounds_of(nearest: DataFrame, reach: Reach, name: str) -> DataFrame:
    """How crowded it is around each picture: picture, and the mean cosine with its neighbours after the first half.

    A neighbour that is farther than those that count as near has the lowest of their cosines.
    """
    first, wanted = reach.neighbours // 2 + 1, reach.neighbours - reach.neighbours // 2
    farther = F.slice("nearest.far", first, wanted)
    total = F.aggregate(farther, F.lit(0.0), lambda sum_, far: sum_ - far)
    missing = (F.lit(wanted) - F.size(farther)) * F.lit(reach.least)
    return nearest.select("picture", ((total + missing) / F.lit(wanted)).alias(name))


def vectors_in(batch: pa.RecordBatch) -> NDArray[np.float16]:
    """The column vector as half precision [N, P]."""
    if not batch.num_rows:
        return np.empty((0, 0), HALF)
    return fixed_width(batch["vector"], len(batch["vector"][0].as_buffer())).view(HALF)


def blocks_of_cells(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """The rows of each cell as one block, a larger cell as blocks of at most so many rows that overlap by half.

    Args:
        batches: in the order of their cells.
        rows: of a block; memory holds two of them.
    """
    waiting: pa.RecordBatch | None = None
    for batch in batches:
        waiting = batch if waiting is None else pa.concat_batches([waiting, batch])
        while waiting.num_rows:
            cells = waiting["cell"].to_numpy()
            end = int(np.searchsorted(cells, cells[0], side="right"))
            if end > rows:
                yield waiting.slice(0, rows)
                waiting = waiting.slice(rows // 2)
            elif end < waiting.num_rows:
                yield waiting.slice(0, end)
                waiting = waiting.slice(end)
            else:
                break
    if waiting is not None and waiting.num_rows:
        yield waiting
