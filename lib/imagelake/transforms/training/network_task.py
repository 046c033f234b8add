"""One run of a network as a task: images from Spark to a memory-mapped file, training on one core, rows back.

A task holds TensorFlow (about 0.6 GB), the network with its optimizer, one step's images and a hundred bytes an image
of the data; the images themselves lie in a file of the task's scratch folder: 4 D bytes an image of features, S x S x
channels of pixels.

Letters: N images, D features, S the input's side, K classes.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.errors import ImageLakeError
from imagelake.training.batches import PackedImages
from imagelake.training.network_settings import InputForm, NetworkSettings, Start
from imagelake.training.network_training import TrainedNetwork, archive_of, train_network, use_one_core
from imagelake.transforms.training.scored_images import SCORED, scored
from imagelake.vision.litert import convert

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark import Broadcast
    from pyspark.sql import DataFrame

# Rows of images, and one row of the run itself, whose image_id is null.
OUTCOMES = pa.schema(
    [*SCORED, pa.field("run", pa.string()), pa.field("archive", pa.binary()), pa.field("converted", pa.binary())]
)
ROWS_AT_ONCE = 4_096
MOST_OF_AN_ERROR = 500


@dataclass(frozen=True)
class NetworkTask:
    """What a task trains.

    Attributes:
        form: of the network and its input.
        labels: the K classes.
        settings: how it is trained.
        held_out: the fold that it does not learn from and scores; below 0: it learns from all images with a fold.
        keep: it also scores images of no fold, and gives its weights.
    """

    form: InputForm
    labels: tuple[str, ...]
    settings: NetworkSettings
    held_out: int
    keep: bool


@dataclass(frozen=True, eq=False)
class _Rows:
    """The images of a task without their values, in the order of their names."""

    image_ids: NDArray[Any]
    evaluated_on: NDArray[Any]
    labels: NDArray[Any]
    folds: NDArray[np.int64]


def run_as_task(packed: DataFrame, task: NetworkTask, start: Broadcast[Start]) -> DataFrame:
    """Rows of `OUTCOMES` from a single task.

    Args:
        packed: as from `packed_inputs`, persisted.
        task: what is trained.
        start: what a network of tf.keras.applications starts from.
    """

    def train(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        yield from outcomes(batches, task, start.value)

    return packed.coalesce(1).mapInArrow(train, from_arrow_schema(OUTCOMES))


def outcomes(batches: Iterable[pa.RecordBatch], task: NetworkTask, start: Start) -> Iterator[pa.RecordBatch]:
    """Train, then score the images that were not learnt from; what goes wrong is a row, too.

    Args:
        batches: image_id, evaluated_on, label, fold, packed.
        task: what is trained.
        start: of a network of tf.keras.applications.
    """
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="training-") as scratch:
        try:
            use_one_core()
            images, rows = _mapped(batches, task, Path(scratch) / "images")
            learnt = np.flatnonzero((rows.folds >= 0) & (rows.folds != task.held_out))
            found = train_network(images, learnt, len(task.labels), task.settings, start)
            yield from _scored(found, images, rows, task)
            yield _run_row(_said(found, began), found if task.keep else None)
        except Exception as error:  # TensorFlow and Keras raise many types, for want of memory, too
            yield _run_row({"error": _described(error), "seconds": round(time.monotonic() - began, 3)}, None)


def _mapped(batches: Iterable[pa.RecordBatch], task: NetworkTask, file: Path) -> tuple[PackedImages, _Rows]:
    """The images in a file, a batch at a time."""
    columns: dict[str, list[Any]] = {name: [] for name in ("image_id", "evaluated_on", "label", "fold")}
    with file.open("wb") as opened:
        for batch in batches:
            for values in batch["packed"]:
                opened.write(values.as_buffer())
            for name, texts in columns.items():
                texts.extend(batch[name].to_pylist())
    count, shape = len(columns["image_id"]), task.form.shape
    size = count * int(np.prod(shape)) * np.dtype(task.form.packed_type).itemsize
    if not count or file.stat().st_size != size:
        raise ImageLakeError(f"{count:,} images take {file.stat().st_size:,} bytes, not {size:,}: {task.form}")
    values = np.memmap(file, task.form.packed_type, "r", shape=(count, *shape))
    # Which partition comes first is Spark's affair: the order of the names is not.
    order = np.argsort(np.array(columns["image_id"], str), kind="stable")
    numbers = {label: number for number, label in enumerate(task.labels)}
    classes = np.array([numbers[label] for label in columns["label"]], np.int64)
    folds = np.array([-1 if fold is None else fold for fold in columns["fold"]], np.int64)
    image_ids, evaluated_on, labels = (
        np.array(columns[name], object)[order] for name in ("image_id", "evaluated_on", "label")
    )
    rows = _Rows(image_ids, evaluated_on, labels, folds[order])
    return PackedImages(task.form, values, classes[order], order), rows


def _scored(found: TrainedNetwork, images: PackedImages, rows: _Rows, task: NetworkTask) -> Iterator[pa.RecordBatch]:
    wanted = rows.folds == task.held_out if task.held_out >= 0 else np.zeros(len(rows.folds), bool)
    if task.keep:
        wanted = wanted | (rows.folds < 0)
    chosen = np.flatnonzero(wanted)
    for start in range(0, len(chosen), ROWS_AT_ONCE):
        part = chosen[start : start + ROWS_AT_ONCE]
        batch = pa.record_batch(
            {
                "image_id": pa.array(rows.image_ids[part], pa.string()),
                "evaluated_on": pa.array(rows.evaluated_on[part], pa.string()),
                "label": pa.array(rows.labels[part], pa.string()),
                "fold": pa.array([int(fold) if fold >= 0 else None for fold in rows.folds[part]], pa.int32()),
            }
        )
        made = scored(batch, found.scores(images, part, task.settings.batch_size), task.labels)
        empty = [pa.nulls(len(part), field.type) for field in list(OUTCOMES)[len(SCORED) :]]
        yield pa.record_batch([*made.columns, *empty], schema=OUTCOMES)


def _said(found: TrainedNetwork, began: float) -> dict[str, Any]:
    return {
        "error": None,
        "seconds": round(time.monotonic() - began, 3),
        "curve": found.fit.curve,
        "best": found.fit.best,
        "stopped": found.fit.stopped,
    }


def _run_row(said: dict[str, Any], kept: TrainedNetwork | None) -> pa.RecordBatch:
    archive, converted = (archive_of(kept.built), convert(kept.built.published())) if kept else (None, None)
    columns = [pa.nulls(1, field.type) for field in SCORED]
    columns += [pa.array([json.dumps(said)], pa.string())]
    columns += [pa.array([content], pa.binary()) for content in (archive, converted)]
    return pa.record_batch(columns, schema=OUTCOMES)


def _described(error: Exception) -> str:
    if isinstance(error, ImageLakeError):
        return str(error)
    text = str(error).strip().split("\n")[0]
    named = (
        "out of memory" if type(error).__name__ in ("MemoryError", "ResourceExhaustedError") else type(error).__name__
    )
    return f"{named}: {text}"[:MOST_OF_AN_ERROR] if text else named
