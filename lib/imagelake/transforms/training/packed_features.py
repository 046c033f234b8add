"""Training images as blocks of standardised features, which passes read again and again.

Letters: N images, D features, K classes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark import TaskContext
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.errors import ImageLakeError
from imagelake.training.head_loss import Block, Images
from imagelake.training.imbalance import class_weights, draws, target_images
from imagelake.transforms.rows.features import features_of, gathered

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from imagelake.config import Imbalance
    from imagelake.transforms.training.training_images import TrainingCounts

MOMENTS = pa.schema({"task": pa.int32(), "images": pa.int64(), "faulty": pa.int64(), "sums": pa.binary()})
PACKED = pa.schema(
    {
        "part": pa.int32(),
        "number": pa.int32(),
        "features": pa.binary(),
        "classes": pa.binary(),
        "weights": pa.binary(),
        "folds": pa.binary(),
    }
)
ROWS_A_BLOCK = 64  # Parquet's writer looks at the size of a row group after each hundred rows: 25 MB of 1,024 features
ROWS_A_TILE = 2_048
BYTES_A_PART = 256 * 2**20
# What fits in memory is packed by several tasks, whose number must not depend on the cores: the order of sums does.
FEW_PARTS, IMAGES_A_PART = 8, 4_096
# Nothing repeats in standardised features, and no codec makes them smaller.
PACK_OPTIONS = {
    "parquet.block.size": str(32 * 2**20),
    "parquet.enable.dictionary": "false",
    "compression": "none",
}


@dataclass(frozen=True, eq=False)
class Scaling:
    """How features are standardised: (x - mean) x scale; a feature that never changes has the scale 0.

    Attributes:
        mean: float64 [D].
        scale: float64 [D], one over the standard deviation.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]

    def apply(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Standardised features float32 [N, D]."""
        return (features - self.mean.astype(np.float32)) * self.scale.astype(np.float32)

    def undo(self, weights: NDArray[np.float32]) -> NDArray[np.float32]:
        """The head [D + 1, K] for features as they are stored that equals a head for standardised ones."""
        plain = weights.astype(np.float64)
        plain[:-1] *= self.scale[:, None]
        plain[-1] -= self.mean @ plain[:-1]
        return plain.astype(np.float32)


def scaling_of(rows: DataFrame, dimension: int) -> Scaling:
    """Mean and deviation of the features, from sums of each task.

    Raises:
        ImageLakeError: a feature is no finite number.
    """

    def add(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        images, faulty, sums = 0, 0, np.zeros((2, dimension))
        for batch in batches:
            if batch.num_rows:
                features = features_of(batch).astype(np.float64)
                images, faulty = images + batch.num_rows, faulty + int((~np.isfinite(features)).any(axis=1).sum())
                sums += features.sum(axis=0), (features**2).sum(axis=0)
        yield pa.record_batch([[task_number()], [images], [faulty], [sums.tobytes()]], schema=MOMENTS)

    parts = rows.select("features").mapInArrow(add, from_arrow_schema(MOMENTS)).toArrow().sort_by("task").to_pydict()
    if faulty := sum(parts["faulty"]):
        raise ImageLakeError(
            f"table predictions: {faulty:,} images have a feature that is no finite number; run predict_images again"
        )
    images = sum(parts["images"])
    total, squares = sum((np.frombuffer(part).reshape(2, -1) for part in parts["sums"]), np.zeros((2, dimension)))
    mean = total / images
    deviation = np.sqrt(np.maximum(squares / images - mean**2, 0))
    changes = deviation > 1e-6 * max(float(deviation.max()), 1e-30)
    return Scaling(mean, np.divide(1, deviation, out=np.zeros(dimension), where=changes))


@dataclass(frozen=True, eq=False)
class Packing:
    """What becomes of images as they are packed.

    Attributes:
        scaling: of their features.
        labels: the classes, by index.
        counts: int64 [K], training images of each.
        imbalance: how often each image counts.
    """

    scaling: Scaling
    labels: tuple[str, ...]
    counts: NDArray[np.int64]
    imbalance: Imbalance

    @classmethod
    def of(cls, counts: TrainingCounts, scaling: Scaling, imbalance: Imbalance) -> Packing:
        """The packing of counted images."""
        return cls(scaling, counts.labels, np.array(counts.images, np.int64), imbalance)

    def weights(self, classes: NDArray[np.int32], row_numbers: NDArray[np.int64]) -> NDArray[np.float32]:
        """How often each image counts, float32 [N]."""
        if self.imbalance == "class_weights":
            return class_weights(self.counts)[classes].astype(np.float32)
        targets = target_images(self.counts, self.imbalance)
        return draws(row_numbers, self.counts[classes], targets[classes]).astype(np.float32)


def pack(rows: DataFrame, images: int, packing: Packing) -> DataFrame:
    """Blocks of the images that have a fold, in an order that the names of the images decide.

    Args:
        rows: as from training_images.
        images: how many have a fold.
        packing: what becomes of them.

    Returns:
        part, number (of the block in its part), and the arrays of `Block` as bytes.
    """
    dimension = len(packing.scaling.mean)
    classes_of = {label: number for number, label in enumerate(packing.labels)}
    in_order = in_parts(rows.where("fold IS NOT NULL"), images, dimension * 4)

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        part = task_number()
        for number, batch in enumerate(gathered(batches, ROWS_A_BLOCK)):
            classes = np.array([classes_of[label] for label in batch["label"].to_pylist()], np.int32)
            arrays = (
                packing.scaling.apply(features_of(batch)),
                classes,
                packing.weights(classes, batch["row_number"].to_numpy()),
                batch["fold"].to_numpy().astype(np.int8),
            )
            yield pa.record_batch([[part], [number], *([array.tobytes()] for array in arrays)], schema=PACKED)

    columns = in_order.select("label", "fold", F.col("row_number").cast("bigint"), "features")
    return columns.mapInArrow(write, from_arrow_schema(PACKED))


def in_parts(rows: DataFrame, images: int, image_bytes: int) -> DataFrame:
    """Rows in partitions and an order that the names of their images decide, whatever the cores.

    Args:
        rows: with image_id.
        images: how many there are.
        image_bytes: of one, as it is packed.
    """
    parts = max(min(FEW_PARTS, 1 + images // IMAGES_A_PART), images * image_bytes // BYTES_A_PART)
    return rows.repartition(parts, "image_id").sortWithinPartitions("image_id")


def blocks_of(batches: Iterable[pa.RecordBatch], dimension: int) -> Iterator[Block]:
    """The blocks of packed rows, joined to tiles that are large enough for matrix products."""
    return joined_blocks(batches, lambda batch, row: _block(batch, row, dimension))


def joined_blocks(
    batches: Iterable[pa.RecordBatch], block_of: Callable[[pa.RecordBatch, int], Images]
) -> Iterator[Images]:
    """Blocks of any images, a row each, joined to tiles that are large enough for matrix products.

    Args:
        batches: of packed rows.
        block_of: the block in a row of a batch.
    """
    waiting: list[Images] = []
    for batch in batches:
        for row in range(batch.num_rows):
            waiting.append(block_of(batch, row))
            if sum(len(block.features) for block in waiting) >= ROWS_A_TILE:
                yield _joined(waiting)
                waiting = []
    if waiting:
        yield _joined(waiting)


def _block(batch: pa.RecordBatch, row: int, dimension: int) -> Block:
    features, classes, weights, folds = (batch[name][row].as_buffer() for name in PACKED.names[2:])
    return Block(
        np.frombuffer(features, np.float32).reshape(-1, dimension),
        np.frombuffer(classes, np.int32),
        np.frombuffer(weights, np.float32),
        np.frombuffer(folds, np.int8),
    )


def _joined(blocks: list[Images]) -> Images:
    names = [field.name for field in fields(blocks[0])]
    return type(blocks[0])(*(np.concatenate([getattr(block, name) for block in blocks]) for name in names))


def task_number() -> int:
    """The number of the running task in its stage."""
    context = TaskContext.get()
    assert context is not None
    return context.partitionId()
