"""Predictions with the CPU time of each."""

from __future__ import annotations

import io
import time
from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from PIL import Image
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.transforms.predict.predict import (
    PREDICTED,
    ImagePart,
    PredictSettings,
    parts,
    predict_batch,
    with_checksums,
)
from imagelake.vision.network import Network, open_network
from imagelake.vision.packed import PackedModel

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame

JUDGED = ("image_id", "top_classes", "top_names", "top_scores", "error")
TIMED = pa.schema([*(PREDICTED.field(name) for name in JUDGED), pa.field("core_s", pa.float64())])


def timed_predictions(image_bytes: DataFrame, shipped: Broadcast[PackedModel], settings: PredictSettings) -> DataFrame:
    """The columns of predictions that accuracy needs, and `core_s`: an image's share of the CPU seconds of its batch.

    The same code as in predict_images runs from encoded bytes to rows. CPU seconds are those of all threads of the
    Python worker, so that other processes and waits for Spark do not count.
    """

    def predict(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        network = _rehearsed_network(shipped.value, settings)
        for part in parts(batches, settings.batch_size):
            began = time.process_time()
            rows = predict_batch(network, part, settings)
            share = (time.process_time() - began) / rows.num_rows
            columns = [*(rows[name] for name in JUDGED), pa.array(np.full(rows.num_rows, share))]
            yield pa.record_batch(columns, schema=TIMED)

    return with_checksums(image_bytes).mapInArrow(predict, from_arrow_schema(TIMED))


@lru_cache(maxsize=1)
def _rehearsed_network(model: PackedModel, settings: PredictSettings) -> Network:
    """The network after a first image, which includes imports and the layout of weights; one is kept, for memory."""
    network = open_network(model)
    image = io.BytesIO()
    Image.new("RGB", (settings.input.size, settings.input.size)).save(image, "JPEG")
    predict_batch(network, ImagePart(["rehearsal"], [image.getvalue()]), settings)
    return network
