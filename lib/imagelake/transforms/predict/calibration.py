"""The images of the lake on which int8 is calibrated."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError
from imagelake.vision.checksum import require_unaltered, sha256_of
from imagelake.vision.errors import ImageError
from imagelake.vision.preprocess import InputSettings, prepare

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

FEWEST = 10
"""Ranges from fewer images are those of these images rather than of the lake."""

GROWTH = 2.0
"""A network is calibrated anew when the lake has grown, or shrunk, by this factor; before that, each image that comes
would change it and with it the predictions of all others."""


def still_calibrated(calibrated_of: int | None, images: int) -> bool:
    """Whether an int8 network that was calibrated on a lake of so many images fits one of so many now."""
    return calibrated_of is not None and calibrated_of / GROWTH < images < calibrated_of * GROWTH


def calibration_images(image_bytes: DataFrame, settings: InputSettings, count: int) -> NDArray[np.uint8]:
    """Prepared images uint8 [N, S, S, 3], N at most `count`: those with the first hashes, in the order of their names.

    Only the files that hold a chosen image are read; one that cannot be decoded, or was altered, is left out.

    Raises:
        ImageLakeError: fewer than `FEWEST` can be decoded.
    """
    by_hash = image_bytes.select("image_id", F.col("_metadata.file_path").alias("file")).orderBy(F.sha1("image_id"))
    chosen = by_hash.limit(count).collect()
    held = image_bytes.where(F.col("_metadata.file_path").isin({row["file"] for row in chosen})).where(
        F.col("image_id").isin([row["image_id"] for row in chosen])
    )

    def decode(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            pairs = zip(batch["content"], batch["sha256"].to_pylist(), strict=True)
            pixels = [_pixels(content.as_py(), sha256, settings) for content, sha256 in pairs]
            yield pa.record_batch([batch["image_id"], pa.array(pixels, pa.binary())], ["image_id", "pixels"])

    rows = held.select("image_id", "content", "sha256").mapInArrow(decode, "image_id string, pixels binary")
    decoded = sorted((row["image_id"], row["pixels"]) for row in rows.where("pixels IS NOT NULL").collect())
    if len(decoded) < FEWEST:
        raise ImageLakeError(
            f"model.precision=int8 needs at least {FEWEST} images to calibrate on, but of the {len(chosen)} chosen "
            f"from image_bytes {len(decoded)} can be decoded: "
            "set model.precision=float32 or a larger model.calibration_images"
        )
    shape = (settings.size, settings.size, 3)
    return np.stack([np.frombuffer(pixels, np.uint8).reshape(shape) for _, pixels in decoded])


def _pixels(content: bytes | None, sha256: str | None, settings: InputSettings) -> bytes | None:
    try:
        require_unaltered(sha256_of(content), sha256)
        return prepare(content, settings).tobytes()
    except ImageError:
        return None
