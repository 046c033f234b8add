"""One decode and one forward pass an image: the best classes, the pooled features and the texture of the pixels."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from imagelake.measures.texture import texture_of
from imagelake.tables import TABLES
from imagelake.vision.engine import top_k, unit_length
from imagelake.vision.errors import ImageError
from imagelake.vision.packed import PackedModel, open_engine
from imagelake.vision.preprocess import InputSettings, prepare

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.vision.engine import Engine


@dataclass(frozen=True)
class PredictSettings:
    """How images are scored: the network's input, images in one forward pass, classes kept, and the classes' names."""

    input: InputSettings
    batch_size: int
    top_k: int
    class_names: tuple[str, ...]


def predict_images(image_bytes: DataFrame, model: PackedModel, settings: PredictSettings) -> DataFrame:
    """The predictions table: one row an image of image_bytes.

    The model travels to the executors once, as bytes; a Python worker builds its engine once, whatever the number of
    tasks it serves.
    """
    shipped = image_bytes.sparkSession.sparkContext.broadcast(model)

    def predict(frames: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        engine = _engine(shipped.value)
        for frame in frames:
            for start in range(0, len(frame), settings.batch_size):
                part = frame.iloc[start : start + settings.batch_size]
                yield predict_batch(engine, list(part["image_id"]), list(part["content"]), settings)

    return image_bytes.select("image_id", "content").mapInPandas(predict, TABLES["predictions"].ddl)


@cache
def _engine(model: PackedModel) -> Engine:
    return open_engine(model)


def predict_batch(
    engine: Engine, image_ids: Sequence[str], contents: Sequence[bytes | None], settings: PredictSettings
) -> pd.DataFrame:
    """Rows of predictions for N images; one that cannot be decoded has an error and nulls."""
    prepared = [_prepared(content, settings.input) for content in contents]
    pixels = [image for image in prepared if isinstance(image, np.ndarray)]
    scored = iter(_scored(engine, pixels, settings))
    # A cell that no row names would be NaN, which Spark cannot turn into a null string.
    nulls = dict.fromkeys(column.name for column in TABLES["predictions"].columns)
    rows = [
        nulls | {"image_id": image_id} | (_failed(image) if isinstance(image, ImageError) else next(scored))
        for image_id, image in zip(image_ids, prepared, strict=True)
    ]
    return pd.DataFrame(rows, columns=list(nulls))


def _failed(error: ImageError) -> dict[str, Any]:
    return {"error": error.reason, "error_detail": error.detail}


def _prepared(content: bytes | None, settings: InputSettings) -> np.ndarray[Any, np.dtype[np.uint8]] | ImageError:
    try:
        return prepare(content, settings)
    except ImageError as error:
        return error


def _scored(engine: Engine, pixels: Sequence[np.ndarray], settings: PredictSettings) -> Iterator[dict[str, Any]]:
    if not pixels:
        return
    output = engine.run(np.stack(pixels))
    classes, scores = top_k(output.scores, settings.top_k)
    features = unit_length(output.features)
    for image, best, best_scores, feature in zip(pixels, classes, scores, features, strict=True):
        entropy, gradient = texture_of(image)
        yield {
            "top_classes": best,
            "top_names": [settings.class_names[index] for index in best],
            "top_scores": best_scores,
            "features": feature,
            "entropy": entropy,
            "gradient": gradient,
        }
