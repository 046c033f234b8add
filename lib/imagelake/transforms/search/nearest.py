"""Nearest images in the image_index table: only the cells that a query is routed to are read, and no vector travels.

Letters: Q queries, C cells, D features, k answers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.search.exact import NearestRows
from imagelake.search.quantizer import Quantizer
from imagelake.search.routing import enough_cells
from imagelake.search.scan import HALF
from imagelake.search.serving_folder import fixed_width
from imagelake.transforms.rows.features import gathered
from imagelake.transforms.search.image_index import ROWS_AT_ONCE

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import Column, DataFrame

    from imagelake.search.index_files import TrainedIndex

FOUND = pa.schema({"query": pa.int32(), "image_id": pa.string(), "similarity": pa.float64()})


@dataclass(frozen=True)
class SearchedIndex:
    """The published index: its rows, how many there are, and its trained part."""

    images: DataFrame
    rows: int
    trained: TrainedIndex


@dataclass(frozen=True)
class AllowedRows:
    """The images that a filter lets through, 12 bytes each: their cells int32 [N], hashes of their names int64 [N]."""

    cells: NDArray[np.int32]
    hashes: NDArray[np.int64]

    @classmethod
    def collect(cls, images: DataFrame, allowed: DataFrame) -> AllowedRows:
        """Look up the cells of the allowed image_ids; hashes are sorted."""
        rows = images.select("cell", "image_id").join(allowed, "image_id", how="left_semi")
        found = rows.select("cell", _name_hash()).toArrow()
        hashes = found["name_hash"].to_numpy()
        order = np.argsort(hashes)
        return cls(found["cell"].to_numpy()[order], hashes[order])

    def has(self, hashes: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which names are among them."""
        if not len(self.hashes):
            return np.zeros(len(hashes), bool)
        rows = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        return np.asarray(self.hashes[rows] == hashes)


def nearest_rows(
    index: SearchedIndex, queries: NDArray[np.float32], k: int, allowed: DataFrame | None, exact: bool
) -> DataFrame:
    """Candidates for the k nearest images of each query, by their exact features.

    Every task compares the rows of its part and answers with its own k best, so only these are shuffled. A filter goes
    to the tasks as hashes of names, because a join would shuffle the vectors.

    Args:
        index: what is searched.
        queries: float32 [Q, D], rows of unit length.
        k: answers for each.
        allowed: image_id of the images that may be answers; None for all.
        exact: compare with every image instead of those of the nearest cells.

    Returns:
        query (its number), image_id, similarity: k rows a query and task.
    """
    passing = None if allowed is None else AllowedRows.collect(index.images, allowed)
    routes = route(index, queries, passing, exact)
    spark = index.images.sparkSession
    shipped = spark.sparkContext.broadcast((queries, routes, passing))

    def compare(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        matrix, routed, passed = shipped.value
        nearest = NearestRows(matrix, k)
        for batch in gathered(batches, ROWS_AT_ONCE):
            kept = batch if passed is None else batch.filter(pa.array(passed.has(batch["name_hash"].to_numpy())))
            if kept.num_rows:
                names = np.array(kept["image_id"].to_pylist(), dtype=str)
                vectors = fixed_width(kept["features"], matrix.shape[1] * HALF.itemsize).view(HALF)
                nearest.add(names, vectors, routed[:, kept["cell"].to_numpy()])
        best = nearest.best()
        for query, (ids, similarities) in enumerate(zip(best.ids, best.similarities, strict=True)):
            yield pa.record_batch([[query] * len(ids), ids, similarities], schema=FOUND)

    rows = index.images.select("cell", "image_id", "features", _name_hash())
    if not routes.any(axis=0).all():
        rows = rows.where(F.col("cell").isin(np.flatnonzero(routes.any(axis=0)).tolist()))
    return rows.mapInArrow(compare, from_arrow_schema(FOUND))


def route(
    index: SearchedIndex, queries: NDArray[np.float32], passing: AllowedRows | None, exact: bool
) -> NDArray[np.bool_]:
    """Which cells each query looks into: bool [Q, C]."""
    parameters = index.trained.description.parameters
    routes = np.zeros((len(queries), parameters.cells), bool)
    if exact:
        return ~routes
    quantizer = Quantizer(index.trained.quantizer)
    if passing is None:
        np.put_along_axis(routes, quantizer.route(queries, parameters.probes), True, axis=1)
        return routes
    nearest = quantizer.route(queries, parameters.cells)
    held = np.bincount(passing.cells, minlength=parameters.cells)
    wanted = parameters.probes * index.rows / parameters.cells
    np.put_along_axis(routes, nearest, enough_cells(nearest, held, wanted), axis=1)
    return routes


def _name_hash() -> Column:
    return F.xxhash64("image_id").alias("name_hash")
