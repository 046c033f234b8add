"""Images as networks take them, packed once for all runs: stored features, or decoded and framed pixels, as bytes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from PIL import Image
from pyspark import StorageLevel
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.errors import ImageLakeError
from imagelake.transforms.rows.features import binaries, features_of
from imagelake.vision.errors import ImageError
from imagelake.vision.preprocess import prepare

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.training.network_settings import InputForm
    from imagelake.vision.preprocess import InputSettings

INPUTS = pa.schema(
    {
        "image_id": pa.string(),
        "evaluated_on": pa.string(),
        "label": pa.string(),
        "fold": pa.int32(),
        "packed": pa.binary(),
    }
)
_NAMES = INPUTS.names[:-1]


def packed_features(rows: DataFrame) -> DataFrame:
    """Stored features as bytes, float32 [D] an image.

    Args:
        rows: as from `training_images`.

    Returns:
        image_id, evaluated_on, label, fold (null for none), packed.
    """

    def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                packed = binaries(np.ascontiguousarray(features_of(batch)).view(np.uint8))
                yield pa.record_batch([*(batch[name] for name in _NAMES), packed], schema=INPUTS)

    return rows.select(*_NAMES, "features").mapInArrow(pack, from_arrow_schema(INPUTS))


def packed_pixels(rows: DataFrame, image_bytes: DataFrame, form: InputForm, settings: InputSettings) -> DataFrame:
    """Decoded and framed images as bytes, uint8 [S, S, channels] an image; null for one that cannot be decoded.

    Args:
        rows: as from `training_images`.
        image_bytes: image_id, content.
        form: says the channels.
        settings: of the framing, with the side S.

    Returns:
        image_id, evaluated_on, label, fold (null for none), packed.
    """

    def pack(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for row in range(batch.num_rows):
                one = batch.slice(row, 1)
                packed = pa.array([_framed(one["content"][0].as_py(), form, settings)], pa.binary())
                yield pa.record_batch([*(one[name] for name in _NAMES), packed], schema=INPUTS)

    contents = rows.select(*_NAMES).join(image_bytes.select("image_id", "content"), "image_id", how="inner")
    return contents.select(*_NAMES, "content").mapInArrow(pack, from_arrow_schema(INPUTS))


def _framed(content: bytes | None, form: InputForm, settings: InputSettings) -> bytes | None:
    try:
        pixels = prepare(content, settings)
    except ImageError:
        return None
    return (np.asarray(Image.fromarray(pixels).convert("L")) if form.channels == 1 else pixels).tobytes()


def require_packed(packed: DataFrame) -> None:
    """Compute packed images, which are persisted, on all cores.

    Raises:
        ImageLakeError: some cannot be decoded, although their predictions have no error.
    """
    faulty = packed.where(F.col("packed").isNull()).count()
    if faulty:
        raise ImageLakeError(
            f"{faulty:,} images that predictions have without an error cannot be decoded: run predict_images again"
        )


def pack_inputs(rows: DataFrame, image_bytes: DataFrame | None, form: InputForm, settings: InputSettings) -> DataFrame:
    """Images packed for a network, persisted on disk: an executor that is lost takes its share, which is made again.

    Args:
        rows: as from `training_images`.
        image_bytes: image_id, content; None for a network on features.
        form: of the network's input.
        settings: of the framing of pixels; their size is the form's side.

    Raises:
        ImageLakeError: some images cannot be decoded, although their predictions have no error.
    """
    if form.width:
        packed = packed_features(rows)
    else:
        assert image_bytes is not None
        packed = packed_pixels(rows, image_bytes, form, replace(settings, size=form.side))
    kept = packed.persist(StorageLevel.DISK_ONLY)
    require_packed(kept)
    return kept
