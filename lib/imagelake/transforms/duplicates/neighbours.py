"""The nearest pictures of every picture, by vectors: within the cells that both lie in, never among all.

Letters: N pictures, P dimensions of a projected vector.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.search.cells import neighbours_within
from imagelake.transforms.duplicates.looks import ROWS_AT_ONCE
from imagelake.transforms.duplicates.spaces import Space
from imagelake.transforms.duplicates.vectors import vectors_in
from imagelake.transforms.rows.features import gathered

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

ROUTED = pa.schema(
    {
        "cell": pa.int32(),
        "closeness": pa.int32(),
        "picture": pa.int64(),
        "side": pa.int8(),
        "vector": pa.binary(),
    }
)
NEAR = pa.schema({"space": pa.int32(), "picture": pa.int64(), "other": pa.int64(), "cosine": pa.float32()})
CLOSENESS_STEPS = 10_000  # of a cosine, so that rounding errors do not order a large cell


@dataclass(frozen=True)
class Reach:
    """How far a picture's neighbours are looked for.

    Attributes:
        neighbours: of each picture.
        cells: of a space that a picture is compared in.
        block: pictures of a cell that are compared with each other at most: a larger cell is cut into blocks that
            overlap by half, in the order of closeness to its centroid.
    """

    neighbours: int
    cells: int
    block: int = 8_192


def nearest_pictures(pictures: DataFrame, spaces: Sequence[Space], reach: Reach) -> DataFrame:
    """The nearest neighbours of every picture in every space: space, picture and nearest.

    space is its number; nearest is an array of (far, other), the nearest first;
    far is the cosine with its sign changed.

    Args:
        pictures: picture, a vector of each space as `project_looks` makes it, and side: two pictures of side 0, or two
            of side 1, are not compared; those of side 2 are with all.
        spaces: in whose cells pictures are compared.
        reach: how far.
    """
    shipped = pictures.sparkSession.sparkContext.broadcast(list(spaces))
    # The cells of all spaces are numbered one after the other, so that they are compared in one go.
    ends = np.cumsum([len(space.cells.centroids) for space in spaces])

    def route(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in gathered(batches, ROWS_AT_ONCE):
            for space, end in zip(shipped.value, ends, strict=True):
                known = batch.filter(batch[space.vector].is_valid())
                if known.num_rows:
                    yield _routed(known, space, int(end) - len(space.cells.centroids), reach.cells)

    def compare(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for block in blocks_of_cells(gathered(batches, ROWS_AT_ONCE), reach.block):
            number = int(np.searchsorted(ends, block["cell"][0].as_py(), side="right"))
            vectors = vectors_in(block["vector"]).astype(np.float32)
            least, sides = shipped.value[number].least, block["side"].to_numpy()
            query, near, cosines = neighbours_within(vectors, reach.neighbours, least, sides)
            names = block["picture"].to_numpy()
            yield pa.record_batch(
                [np.full(len(query), number, np.int32), names[query], names[near], cosines], schema=NEAR
            )

    vectors = (space.vector for space in spaces)
    routed = pictures.select("picture", "side", *vectors).mapInArrow(route, from_arrow_schema(ROUTED))
    in_cells = routed.repartition("cell").sortWithinPartitions("cell", "closeness", "picture")
    found = in_cells.mapInArrow(compare, from_arrow_schema(NEAR))
    # A pair may lie together in several cells, where its cosine differs by the last digits.
    once = found.groupBy("space", "picture", "other").agg(F.max("cosine").alias("cosine"))
    nearest_first = F.sort_array(F.collect_list(F.struct((-F.col("cosine")).alias("far"), "other")))
    return once.groupBy("space", "picture").agg(F.slice(nearest_first, 1, reach.neighbours).alias("nearest"))


def _routed(batch: pa.RecordBatch, space: Space, before: int, cells: int) -> pa.RecordBatch:
    """Each vector once for each cell that it goes to."""
    chosen, cosines = space.cells.route(vectors_in(batch[space.vector]).astype(np.float32), cells)
    rows = pa.array(np.repeat(np.arange(batch.num_rows), chosen.shape[1]))
    closeness = np.rint(cosines.ravel() * CLOSENESS_STEPS).astype(np.int32)
    repeated = [batch[name].take(rows) for name in ("picture", "side", space.vector)]
    return pa.record_batch([pa.array((before + chosen.ravel()).astype(np.int32)), closeness, *repeated], schema=ROUTED)


def pairs_of(nearest: DataFrame) -> DataFrame:
    """The pairs of neighbours, the better picture first: first, second."""
    pairs = nearest.select("picture", F.explode("nearest.other").alias("other"))
    return pairs.select(F.least("picture", "other").alias("first"), F.greatest("picture", "other").alias("second"))


def backgrounds_of(nearest: DataFrame, spaces: Sequence[Space], reach: Reach) -> DataFrame:
    """How crowded it is around each picture: picture, and COLUMN_background for each space.

    That is the mean cosine with its neighbours after the first half. A neighbour that is farther than those that count
    as near has the lowest of their cosines.
    """
    first, wanted = reach.neighbours // 2 + 1, reach.neighbours - reach.neighbours // 2
    farther = F.slice("nearest.far", first, wanted)
    total = F.aggregate(farther, F.lit(0.0), lambda sum_, far: sum_ - far)
    missing = F.lit(wanted) - F.size(farther)
    crowds = (
        F.max(F.when(F.col("space") == number, (total + missing * F.lit(space.least)) / F.lit(wanted)))
        for number, space in enumerate(spaces)
    )
    return nearest.groupBy("picture").agg(
        *(crowd.alias(f"{space.column}_background") for crowd, space in zip(crowds, spaces, strict=True))
    )


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
