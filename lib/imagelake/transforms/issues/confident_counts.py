"""Confident learning on Spark: what each task adds up is of the size of labels times labels, never images times labels.

Three passes over the images give thresholds, counts and bounds; a fourth one judges each image by them.

Letters: N images of a batch, K labels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.window import Window

from imagelake.measures.label_errors import (
    NOBODY,
    confidence_sums,
    estimated_joint,
    joint_counts,
    likely_labels,
    normalised_margin,
    self_confidence,
    thresholds_of,
    wrong_counts,
)
from imagelake.transforms.rows.features import gathered

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

ROWS_AT_ONCE = 1_024
ScoreBatch = Callable[[pa.RecordBatch], "NDArray[np.float64]"]
"""Scores float64 [N, K] of a batch of the rows' columns."""
SUMS = pa.schema({"sums": pa.binary()})
CELLS = pa.schema({"given": pa.int32(), "likely": pa.int32(), "images": pa.int64()})
EXTREMES = pa.schema({"given": pa.int32(), "other": pa.int32(), "value": pa.float64()})
JUDGED = pa.schema(
    {
        "image_id": pa.string(),
        "label": pa.string(),
        "score": pa.float64(),
        "margin": pa.float64(),
        "suggested": pa.string(),
        "suggested_score": pa.float64(),
        "by_noise_rate": pa.bool_(),
        "by_class": pa.bool_(),
        "by_confident_learning": pa.bool_(),
        "differs": pa.bool_(),
        "present": pa.bool_(),
    }
)


@dataclass(frozen=True, eq=False)
class ScoredRows:
    """Images with one label each, and how they are scored.

    Attributes:
        rows: image_id, label and what `score` needs; read at each pass.
        labels: the K labels; each row's is one of them.
        score: is sent to the executors.
    """

    rows: DataFrame
    labels: tuple[str, ...]
    score: ScoreBatch

    def map(
        self, work: Callable[[Iterator[tuple[pa.RecordBatch, Any, Any]]], Iterator[pa.RecordBatch]], schema: pa.Schema
    ) -> DataFrame:
        """One pass: the work gets batches with their scores float64 [N, K] and labels int64 [N]."""
        index, score = {label: number for number, label in enumerate(self.labels)}, self.score

        def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
            scored = (
                (batch, score(batch), np.array([index[label] for label in batch["label"].to_pylist()], np.int64))
                for batch in gathered(batches, ROWS_AT_ONCE)
            )
            yield from work(scored)

        return self.rows.mapInArrow(run, from_arrow_schema(schema))


@dataclass(frozen=True, eq=False)
class ConfidentCounts:
    """What confident learning knows of all images.

    Attributes:
        images: int64 [K], of each given label.
        thresholds: float64 [K].
        estimate: int64 [K, K], images by given and true label, as estimated.
        wrong: int64 [K, K], how many of each given label [rows] to call each other one; on the diagonal those to keep.
    """

    images: NDArray[np.int64]
    thresholds: NDArray[np.float64]
    estimate: NDArray[np.int64]
    wrong: NDArray[np.int64]


def confident_counts(scored: ScoredRows) -> ConfidentCounts:
    """Two passes: thresholds, then counts."""
    classes = len(scored.labels)

    def add(batches: Iterator[tuple[pa.RecordBatch, Any, Any]]) -> Iterator[pa.RecordBatch]:
        sums = np.zeros((2, classes))
        for _, scores, labels in batches:
            sums += confidence_sums(scores, labels)
        yield pa.record_batch([[sums.tobytes()]], schema=SUMS)

    parts = scored.map(add, SUMS).toArrow()["sums"].to_pylist()
    sums = sum((np.frombuffer(part).reshape(2, -1) for part in parts), np.zeros((2, classes)))
    thresholds = thresholds_of(sums)

    def count(batches: Iterator[tuple[pa.RecordBatch, Any, Any]]) -> Iterator[pa.RecordBatch]:
        joint = np.zeros((classes, classes), np.int64)
        for _, scores, labels in batches:
            joint += joint_counts(labels, likely_labels(scores, thresholds), classes)
        given, likely = np.nonzero(joint)
        columns = [given.astype(np.int32), likely.astype(np.int32), joint[given, likely]]
        yield pa.record_batch([pa.array(column) for column in columns], schema=CELLS)

    joint, images = np.zeros((classes, classes), np.int64), sums[0].astype(np.int64)
    for row in scored.map(count, CELLS).groupBy("given", "likely").agg(F.sum("images").alias("images")).collect():
        joint[row["given"], row["likely"]] = row["images"]
    estimate = estimated_joint(joint, images)
    return ConfidentCounts(images, thresholds, estimate, wrong_counts(estimate))


def bounds_of(scored: ScoredRows, counts: ConfidentCounts) -> NDArray[np.float64]:
    """The third pass: the bound at which an image is one of the estimated number of wrong ones, float64 [K, K].

    In row i and column j the smallest of the wanted number of largest differences between the scores of j and of i, the
    given label; on the diagonal the negative score of i below which images of i are wrong. Infinite where none is.
    """
    wanted, classes = _wanted(counts), len(scored.labels)

    def largest(batches: Iterator[tuple[pa.RecordBatch, Any, Any]]) -> Iterator[pa.RecordBatch]:
        held: dict[tuple[int, int], NDArray[np.float64]] = {}
        for _, scores, labels in batches:
            for given in np.unique(labels).tolist():
                rows = scores[labels == given]
                for other in np.flatnonzero(wanted[given]).tolist():
                    values = -rows[:, given] if other == given else rows[:, other] - rows[:, given]
                    before = held.get((given, other))
                    together = values if before is None else np.concatenate([before, values])
                    n = int(wanted[given, other])
                    held[given, other] = together if len(together) <= n else -np.partition(-together, n - 1)[:n]
        for (given, other), values in held.items():
            pair = [np.full(len(values), number, np.int32) for number in (given, other)]
            yield pa.record_batch([pa.array(column) for column in (*pair, values)], schema=EXTREMES)

    spark = scored.rows.sparkSession
    cells = [(int(i), int(j), int(wanted[i, j])) for i, j in zip(*np.nonzero(wanted), strict=True)]
    numbers = spark.createDataFrame(cells, "given int, other int, wanted bigint")
    in_order = Window.partitionBy("given", "other").orderBy(F.desc("value"))
    last = (
        scored.map(largest, EXTREMES)
        .withColumn("row_number", F.row_number().over(in_order))
        .join(F.broadcast(numbers), ["given", "other"], how="inner")
        .where(F.col("row_number") == F.col("wanted"))
    )
    bounds = np.full((classes, classes), np.inf)
    for row in last.collect():
        bounds[row["given"], row["other"]] = row["value"]
    return bounds


def _wanted(counts: ConfidentCounts) -> NDArray[np.int64]:
    """How many extreme values each bound needs; a label with one image keeps it."""
    wanted = counts.wrong.copy()
    # The bound of a label is the first score that is not wrong any more.
    np.fill_diagonal(wanted, counts.images - counts.wrong.diagonal() + 1)
    wanted[counts.images <= 1] = 0
    wanted[:, counts.images <= 1] = 0
    return wanted


def judge_images(scored: ScoredRows, counts: ConfidentCounts, bounds: NDArray[np.float64]) -> DataFrame:
    """The fourth pass: one row an image with its scores, and what says that its label is wrong.

    Returns:
        image_id, label, score (self-confidence), margin (normalised), suggested, suggested_score, differs (the best
        score is another label's), and of these the ones that are wrong by_noise_rate, by_class,
        by_confident_learning; present is true.
    """
    names, thresholds = np.array(scored.labels, object), counts.thresholds

    def judge(batches: Iterator[tuple[pa.RecordBatch, Any, Any]]) -> Iterator[pa.RecordBatch]:
        for batch, scores, labels in batches:
            of_label, best = self_confidence(scores, labels), scores.argmax(axis=1)
            likely, differs = likely_labels(scores, thresholds), best != labels
            differences = scores - of_label[:, None]
            differences[np.arange(len(labels)), labels] = -np.inf
            columns = {
                "score": of_label,
                "margin": normalised_margin(scores, labels),
                "suggested": names[best],
                "suggested_score": scores.max(axis=1),
                "by_noise_rate": differs & (differences >= bounds[labels]).any(axis=1),
                "by_class": differs & (-of_label > bounds[labels, labels]),
                "by_confident_learning": differs & (likely != NOBODY) & (likely != labels),
                "differs": differs,
                "present": np.ones(len(labels), bool),
            }
            made = [pa.array(columns[name]) if name in columns else batch[name] for name in JUDGED.names]
            yield pa.record_batch(made, schema=JUDGED)

    return scored.map(judge, JUDGED)
