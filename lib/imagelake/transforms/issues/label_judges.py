"""Heads that judge each label by itself: trained without each fold in turn, by sums over the images on Spark.

Letters: N images, D features, K labels, H heads, F folds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.training.head_grid import Course, Effort, HeadSpec, Shape, train_grid
from imagelake.training.head_loss import NO_FOLD, Sums
from imagelake.training.label_loss import (
    ABSENT,
    THERE,
    KnownBlock,
    known_sums,
    probabilities,
    without_distrusted_labels,
)
from imagelake.transforms.rows.features import features_of, gathered
from imagelake.transforms.training.packed_features import (
    PACK_OPTIONS,
    ROWS_A_BLOCK,
    Scaling,
    in_parts,
    joined_blocks,
    task_number,
)
from imagelake.transforms.training.passes import Partials, merged_partials, packed_sums, unpacked_sums

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from imagelake.config import TrainSection

PACKED = pa.schema(
    {"part": pa.int32(), "number": pa.int32(), "features": pa.binary(), "known": pa.binary(), "folds": pa.binary()}
)
SCORED = pa.schema(
    {
        "image_id": pa.string(),
        "label": pa.string(),
        "present": pa.bool_(),
        "score": pa.float64(),
        "suggested": pa.string(),
        "suggested_score": pa.float64(),
    }
)
ROWS_AT_ONCE = 1_024


@dataclass(frozen=True)
class JudgeSettings:
    """How the heads are trained.

    Attributes:
        l2: penalties, of which the one of the lowest loss on left-out folds is taken.
        folds: F.
        effort: how far.
        distrust_below: heads are trained again without what the first ones, out of fold, find less likely; 0: not.
        memory_bytes: features up to this size are held by the driver.
    """

    l2: tuple[float, ...]
    folds: int
    effort: Effort
    distrust_below: float
    memory_bytes: int


def judge_settings(train: TrainSection) -> JudgeSettings:
    """As the configuration says."""
    effort = Effort(train.tolerance, train.iterations)
    return JudgeSettings(tuple(dict.fromkeys(train.l2)), train.folds, effort, train.distrust_below, train.memory_bytes)


@dataclass(frozen=True, eq=False)
class KnownSet:
    """The images that heads learn from and judge.

    Attributes:
        rows: as from `known_labels.known_images`, stored.
        images: how many there are.
        labels: how many images each of the K labels is known of, by label.
        scaling: of the features.
    """

    rows: DataFrame
    images: int
    labels: dict[str, int]
    scaling: Scaling

    @property
    def shape(self) -> Shape:
        """Of a head."""
        return Shape(len(self.scaling.mean), len(self.labels))


@dataclass(frozen=True, eq=False)
class LabelJudges:
    """The heads that left out each fold.

    Attributes:
        labels: the K labels.
        of_folds: float32 [F, D + 1, K], for features as they are stored.
        l2: the penalty that was chosen.
        loss: the sum over labels of the mean loss of left-out images.
    """

    labels: tuple[str, ...]
    of_folds: NDArray[np.float32]
    l2: float
    loss: float


class KnownPasses:
    """Passes over packed images: by the driver where it holds their blocks, else by tasks."""

    def __init__(self, packed: DataFrame, shape: Shape, images: NDArray[np.int64], in_memory: bool) -> None:
        """Collect the blocks where they fit.

        Args:
            packed: as from `pack_known`.
            shape: of a head.
            images: int64 [K], of which each label is known.
            in_memory: whether the blocks fit.
        """
        self._shape, self._images = shape, images
        self._distrust: tuple[NDArray[np.float32], float] | None = None
        self._packed, self._blocks = packed, list[KnownBlock]()
        if in_memory:
            table = packed.toArrow().sort_by([("part", "ascending"), ("number", "ascending")])
            self._blocks = list(known_blocks(table.to_batches(), shape))
        else:
            self._packed = packed.coalesce(packed.sparkSession.sparkContext.defaultParallelism)

    def distrusting(self, of_folds: NDArray[np.float32], below: float) -> KnownPasses:
        """Passes without what is probably wrong, as `label_loss.without_distrusted_labels` says."""
        passes = copy(self)
        passes._blocks = [without_distrusted_labels(block, of_folds, below) for block in self._blocks]
        passes._distrust = (of_folds, below)
        return passes

    def evaluate(self, weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> Sums:
        """As `label_loss.known_sums`."""
        images, shape = self._images, self._shape
        if self._blocks:
            return known_sums(self._blocks, weights, held_out, images)

        def add(
            batches: Iterator[pa.RecordBatch],
            sent: tuple[NDArray[np.float32], tuple[NDArray[np.float32], float] | None],
        ) -> Partials:
            blocks, distrust = known_blocks(batches, shape), sent[1]
            if distrust is not None:
                blocks = (without_distrusted_labels(block, *distrust) for block in blocks)
            return packed_sums(known_sums(blocks, sent[0], held_out, images))

        return unpacked_sums(merged_partials(self._packed, (weights, self._distrust), add), weights.shape)


def train_judges(data: KnownSet, settings: JudgeSettings, address: str, say: Callable[[str], None]) -> LabelJudges:
    """Train every penalty without each fold in turn, and take the one that says best what was left out.

    Args:
        data: the images.
        settings: what is tried.
        address: a folder for packed images that the driver cannot hold.
        say: is given a line of progress after each pass of tasks.
    """
    shape, packed = data.shape, pack_known(data)
    in_memory = data.images * (4 * shape.features + shape.classes) <= settings.memory_bytes
    if not in_memory:
        packed.write.options(**PACK_OPTIONS).parquet(address)
        packed = data.rows.sparkSession.read.parquet(address)
    passes = KnownPasses(packed, shape, np.array([*data.labels.values()], np.int64), in_memory)

    def report(number: int, left: int, _: NDArray[np.float32]) -> None:
        if not in_memory:
            say(f"pass {number}, {left} heads left")

    folds = range(settings.folds)
    specs = [HeadSpec(l2, fold) for l2 in settings.l2 for fold in folds]
    heads = train_grid(specs, shape, passes.evaluate, settings.effort, Course(None, report))
    weights = np.stack([head.weights for head in heads], axis=1)
    losses = _left_out_losses(passes, weights, specs).reshape(-1, settings.folds).sum(axis=1)
    chosen = min(range(len(losses)), key=lambda run: (losses[run], -settings.l2[run]))
    part = slice(chosen * settings.folds, (chosen + 1) * settings.folds)
    of_folds = weights[:, part]
    if settings.distrust_below:
        trusting = passes.distrusting(of_folds, settings.distrust_below)
        again = train_grid(specs[part], shape, trusting.evaluate, settings.effort, Course(of_folds, report))
        of_folds = np.stack([head.weights for head in again], axis=1)
    plain = np.stack([data.scaling.undo(of_folds[:, fold]) for fold in folds])
    return LabelJudges(tuple(data.labels), plain, settings.l2[chosen], float(losses[chosen]))


def _left_out_losses(
    passes: KnownPasses, weights: NDArray[np.float32], specs: Sequence[HeadSpec]
) -> NDArray[np.float64]:
    """The summed loss of each head on the fold that it left out: that of all images, less that of the others."""
    everywhere = passes.evaluate(weights, np.full(len(specs), NO_FOLD, np.int8))
    learnt = passes.evaluate(weights, np.array([spec.held_out for spec in specs], np.int8))
    return everywhere.losses - learnt.losses


def pack_known(data: KnownSet) -> DataFrame:
    """Blocks of images in an order that their names decide: part, number, and the arrays of `KnownBlock` as bytes."""
    scaling, labels = data.scaling, len(data.labels)

    def write(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        part = task_number()
        for number, batch in enumerate(gathered(batches, ROWS_A_BLOCK)):
            arrays = (
                scaling.apply(features_of(batch)),
                known_matrix(batch["known"], labels),
                batch["fold"].to_numpy().astype(np.int8),
            )
            yield pa.record_batch([[part], [number], *([array.tobytes()] for array in arrays)], schema=PACKED)

    in_order = in_parts(data.rows, data.images, 4 * len(scaling.mean) + labels)
    return in_order.select("fold", "known", "features").mapInArrow(write, from_arrow_schema(PACKED))


def known_matrix(column: pa.Array, labels: int) -> NDArray[np.int8]:
    """Lists of signed label numbers, as `known_labels.known_images` has them, as int8 [N, K]."""
    matrix = np.zeros((len(column), labels), np.int8)
    rows = np.repeat(np.arange(len(column)), column.value_lengths().to_numpy())
    numbers = column.flatten().to_numpy()
    matrix[rows, np.abs(numbers) - 1] = np.where(numbers > 0, THERE, ABSENT)
    return matrix


def known_blocks(batches: Iterable[pa.RecordBatch], shape: Shape) -> Iterator[KnownBlock]:
    """The blocks of packed rows, joined to tiles that are large enough for matrix products."""

    def block_of(batch: pa.RecordBatch, row: int) -> KnownBlock:
        features, known, folds = (batch[name][row].as_buffer() for name in PACKED.names[2:])
        return KnownBlock(
            np.frombuffer(features, np.float32).reshape(-1, shape.features),
            np.frombuffer(known, np.int8).reshape(-1, shape.classes),
            np.frombuffer(folds, np.int8),
        )

    return joined_blocks(batches, block_of)


def score_known(rows: DataFrame, judges: LabelJudges) -> DataFrame:
    """What is known of each image, scored by heads that did not learn from it.

    Args:
        rows: as from `known_labels.known_images`.
        judges: sent to every executor.

    Returns:
        image_id, label, present, score (how likely what is known is right), suggested and suggested_score: of a label
        that is there the most likely other one, of one that is not there itself.
    """
    shipped = rows.sparkSession.sparkContext.broadcast(judges)

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in gathered(batches, ROWS_AT_ONCE):
            yield _scored(batch, shipped.value)

    return rows.select("image_id", "fold", "known", "features").mapInArrow(score, from_arrow_schema(SCORED))


def _scored(batch: pa.RecordBatch, judges: LabelJudges) -> pa.RecordBatch:
    features, folds = features_of(batch), batch["fold"].to_numpy()
    there = np.empty((batch.num_rows, len(judges.labels)))
    for fold in np.unique(folds):
        there[folds == fold] = probabilities(features[folds == fold], judges.of_folds[fold])
    known = known_matrix(batch["known"], len(judges.labels))
    rows, labels = np.nonzero(known)
    present, own = known[rows, labels] == THERE, there[rows, labels]
    others = there[rows]
    others[np.arange(len(rows)), labels] = np.where(present & (there.shape[1] > 1), -1, np.inf)
    suggested = others.argmax(axis=1)
    names = np.array(judges.labels, object)
    columns = {
        "image_id": batch["image_id"].take(pa.array(rows)),
        "label": pa.array(names[labels], pa.string()),
        "present": pa.array(present),
        "score": pa.array(np.where(present, own, 1 - own)),
        "suggested": pa.array(names[suggested], pa.string()),
        "suggested_score": pa.array(there[rows, suggested]),
    }
    return pa.record_batch([columns[name] for name in SCORED.names], schema=SCORED)
