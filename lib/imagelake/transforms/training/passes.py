"""One pass over the packed images for a whole grid of heads: in memory, or by the tasks of executors.

Letters: D features, K classes, H heads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import copy
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.training.head_loss import Block, Sums, sums_of
from imagelake.training.held_out import HeldOut, held_out_of, without_distrusted
from imagelake.transforms.training.packed_features import blocks_of, task_number

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

PARTIAL = pa.schema({"head": pa.int32(), "task": pa.int32(), "values": pa.binary(), "gradient": pa.binary()})
Partials = list[tuple["NDArray[np.float64]", "NDArray[np.float32]"]]
"""What blocks add up to: for each head some values float64 [V], and a gradient float32 of any length."""
Merged = dict[int, tuple["NDArray[np.float64]", "NDArray[np.float64]"]]
"""The sums of partials, by head."""
Sent = TypeVar("Sent")


class PassesInMemory:
    """Passes over images that the driver holds; BLAS uses its cores."""

    def __init__(self, packed: DataFrame, dimension: int) -> None:
        """Collect the blocks, in order; the caller knows that they fit."""
        table = packed.toArrow().sort_by([("part", "ascending"), ("number", "ascending")])
        self._blocks = list(blocks_of(table.to_batches(), dimension))

    def distrusting(self, of_folds: NDArray[np.float32], below: float) -> PassesInMemory:
        """Passes without the images whose label is probably wrong, as `held_out.without_distrusted` says."""
        passes = copy(self)
        passes._blocks = [without_distrusted(block, of_folds, below) for block in self._blocks]
        return passes

    def evaluate(self, weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> Sums:
        """As `head_loss.sums_of`."""
        return sums_of(self._blocks, weights, held_out)

    def measure(self, weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> HeldOut:
        """As `held_out.held_out_of`."""
        return held_out_of(self._blocks, weights, held_out)


class PassesByTasks:
    """Passes by tasks, each of which adds up its blocks; the sums of a head meet in a task of its own.

    The driver holds one gradient of each head; a worker holds weights and gradients of all heads, and a tile of images.
    Sums are added in the order of the tasks, so that equal runs on equally many cores give equal heads.
    """

    def __init__(self, packed: DataFrame, dimension: int) -> None:
        """Read packed images at every pass.

        Args:
            packed: as written by `packed_features.pack`.
            dimension: D.
        """
        cores = packed.sparkSession.sparkContext.defaultParallelism
        self._packed, self._dimension = packed.coalesce(cores), dimension
        self._distrust: tuple[NDArray[np.float32], float] | None = None

    def distrusting(self, of_folds: NDArray[np.float32], below: float) -> PassesByTasks:
        """Passes without the images whose label is probably wrong, which each pass finds again."""
        passes = copy(self)
        passes._distrust = (of_folds, below)
        return passes

    def evaluate(self, weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> Sums:
        """As `head_loss.sums_of`."""

        def add(blocks: Iterator[Block], shipped: NDArray[np.float32]) -> Partials:
            return packed_sums(sums_of(blocks, shipped, held_out))

        return unpacked_sums(self._pass(weights, add), weights.shape)

    def measure(self, weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> HeldOut:
        """As `held_out.held_out_of`."""
        heads, classes = weights.shape[1:]

        def add(blocks: Iterator[Block], shipped: NDArray[np.float32]) -> Partials:
            found = held_out_of(blocks, shipped, held_out)
            values = [
                np.concatenate([[found.losses[h]], found.images[h], found.hits[h], found.learnt[h]])
                for h in range(heads)
            ]
            return [(value, np.zeros(0, np.float32)) for value in values]

        merged = self._pass(weights, add)
        values = np.array([merged[head][0] for head in range(heads)])
        counts = values[:, 1:].astype(np.int64)
        return HeldOut(values[:, 0], *np.split(counts, [classes, 2 * classes], axis=1))

    def _pass(
        self,
        weights: NDArray[np.float32],
        add: Callable[[Iterator[Block], NDArray[np.float32]], Partials],
    ) -> Merged:
        dimension = self._dimension

        def partials(batches: Iterator[pa.RecordBatch], sent: tuple[NDArray[np.float32], Any]) -> Partials:
            weights, distrust = sent
            blocks = blocks_of(batches, dimension)
            if distrust is not None:
                blocks = (without_distrusted(block, *distrust) for block in blocks)
            return add(blocks, weights)

        return merged_partials(self._packed, (weights, self._distrust), partials)


def merged_partials(
    packed: DataFrame, sent: Sent, partials: Callable[[Iterator[pa.RecordBatch], Sent], Partials]
) -> Merged:
    """One pass of tasks: each gives its partials, and those of a head are added in the order of the tasks.

    Args:
        packed: what tasks read.
        sent: to every executor, for this pass.
        partials: of a task's rows.
    """
    shipped = packed.sparkSession.sparkContext.broadcast(sent)

    def partial(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for head, (values, gradient) in enumerate(partials(batches, shipped.value)):
            yield pa.record_batch([[head], [task_number()], [values.tobytes()], [gradient.tobytes()]], schema=PARTIAL)

    try:
        rows = packed.mapInArrow(partial, from_arrow_schema(PARTIAL))
        merged = rows.groupBy("head").applyInArrow(_merged, from_arrow_schema(PARTIAL)).toArrow()
    finally:
        shipped.destroy()
    return {
        row["head"]: (np.frombuffer(row["values"]), np.frombuffer(row["gradient"], np.float32).astype(np.float64))
        for row in merged.to_pylist()
    }


def packed_sums(sums: Sums) -> Partials:
    """Sums of loss and gradient as a task gives them."""
    values = np.stack([sums.weights, sums.losses], axis=1)
    return [(values[head], sums.gradients[:, head].astype(np.float32)) for head in range(len(values))]


def unpacked_sums(merged: Merged, shape: tuple[int, ...]) -> Sums:
    """Sums of weights [D + 1, H, K] from those of all tasks."""
    values = np.array([merged[head][0] for head in range(shape[1])])
    gradients = np.stack([merged[head][1].reshape(shape[0], shape[2]) for head in range(shape[1])], axis=1)
    return Sums(values[:, 0], values[:, 1], gradients)


def _merged(table: pa.Table) -> pa.Table:
    """The sums of one head, in the order of the tasks."""
    in_order = table.sort_by("task")
    values = sum(np.frombuffer(part.as_buffer()) for part in in_order["values"])
    gradient = np.zeros(len(in_order["gradient"][0].as_buffer()) // 4)
    for part in in_order["gradient"]:
        gradient += np.frombuffer(part.as_buffer(), np.float32)
    row = [[in_order["head"][0].as_py()], [0], [np.asarray(values).tobytes()], [gradient.astype(np.float32).tobytes()]]
    return pa.table(row, schema=PARTIAL)
