"""The scores that heads give to images which they did not learn from.

Letters: N images, D features, K classes, F folds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.transforms.rows.features import features_of, gathered
from imagelake.vision.engine import softmax

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

SCORED = pa.schema(
    {
        "image_id": pa.string(),
        "evaluated_on": pa.string(),
        "label": pa.string(),
        "fold": pa.int32(),
        "predicted": pa.string(),
        "score": pa.float64(),
        "label_score": pa.float64(),
        "label_rank": pa.int32(),
        "other": pa.string(),
        "other_score": pa.float64(),
    }
)
ROWS_AT_ONCE = 1_024


@dataclass(frozen=True, eq=False)
class HeadsOfFolds:
    """The heads of a cross-validation and the head of all training images.

    Attributes:
        labels: the K classes.
        of_folds: float32 [F, D + 1, K], each of which left out the fold of its number; F may be 0.
        final: float32 [D + 1, K], which scores images of no fold.
    """

    labels: tuple[str, ...]
    of_folds: NDArray[np.float32]
    final: NDArray[np.float32]

    def scores(self, features: NDArray[np.float32], folds: NDArray[np.int64]) -> NDArray[np.float32]:
        """Scores float32 [N, K] of stored features [N, D], each by the head that did not learn from the image.

        Args:
            features: of unit length, as predictions holds them.
            folds: int64 [N], below 0 for an image of no fold.
        """
        logits = np.empty((len(features), len(self.labels)), np.float32)
        for fold in np.unique(folds):
            chosen = folds == fold
            weights = self.of_folds[fold] if 0 <= fold < len(self.of_folds) else self.final
            logits[chosen] = features[chosen] @ weights[:-1] + weights[-1]
        return softmax(logits)


def score_images(rows: DataFrame, heads: HeadsOfFolds) -> DataFrame:
    """The training_predictions table.

    Args:
        rows: image_id, evaluated_on, label, fold (null for none), features.
        heads: of these labels, sent to every executor.
    """
    shipped = rows.sparkSession.sparkContext.broadcast(heads)

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        opened = shipped.value
        for batch in gathered(batches, ROWS_AT_ONCE):
            yield scored(batch, _scores(opened, batch), opened.labels)

    columns = rows.select("image_id", "evaluated_on", "label", "fold", "features")
    return columns.mapInArrow(score, from_arrow_schema(SCORED))


def scores_by_heads(spark: SparkSession, heads: HeadsOfFolds) -> Callable[[pa.RecordBatch], NDArray[np.float64]]:
    """A function for tasks, from batches of fold (null for none) and features to scores float64 [N, K]."""
    shipped = spark.sparkContext.broadcast(heads)
    return lambda batch: _scores(shipped.value, batch).astype(np.float64)


def _scores(heads: HeadsOfFolds, batch: pa.RecordBatch) -> NDArray[np.float32]:
    folds = np.array([-1 if fold is None else fold for fold in batch["fold"].to_pylist()], np.int64)
    return heads.scores(features_of(batch), folds)


def scored(batch: pa.RecordBatch, scores: NDArray[np.float32], labels: tuple[str, ...]) -> pa.RecordBatch:
    """Rows of training_predictions.

    Args:
        batch: image_id, evaluated_on, label, fold.
        scores: float32 [N, K].
        labels: the K classes, that of each row among them.
    """
    index, rows = {label: number for number, label in enumerate(labels)}, np.arange(batch.num_rows)
    names = np.array(labels, object)
    classes = np.array([index[label] for label in batch["label"].to_pylist()], np.int64)
    of_label = scores[rows, classes]
    best, others = scores.argmax(axis=1), scores.copy()
    others[rows, classes] = -1
    other = others.argmax(axis=1)
    columns = {
        "predicted": pa.array(names[best], pa.string()),
        "score": pa.array(scores[rows, best].astype(np.float64)),
        "label_score": pa.array(of_label.astype(np.float64)),
        "label_rank": pa.array((scores > of_label[:, None]).sum(axis=1).astype(np.int32) + 1),
        "other": pa.array(names[other], pa.string()),
        "other_score": pa.array(others[rows, other].astype(np.float64)),
    }
    return pa.record_batch([columns[name] if name in columns else batch[name] for name in SCORED.names], schema=SCORED)
