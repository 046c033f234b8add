"""Thumbnails of a few images of the lake, made on the executors."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import functions as F

from imagelake.vision.checksum import require_unaltered, sha256_of
from imagelake.vision.errors import ImageError
from imagelake.vision.limits import Limits
from imagelake.vision.thumbnails import thumbnail

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def make_thumbnails(image_bytes: DataFrame, image_ids: Collection[str], side: int, limits: Limits) -> dict[str, bytes]:
    """image_id -> JPEG of at most ``side`` pixels; none for an image without bytes, or with damaged or altered ones.

    Args:
        image_bytes: image_id, content and sha256.
        image_ids: hundreds at most, since they are part of the query plan and thumbnails come to the driver.
        side: the longer side in pixels.
        limits: what one image may cost.
    """

    def shrink(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            rows = [
                (image_id, small_jpeg(content, side, limits, sha256))
                for image_id, content, sha256 in batch.itertuples(index=False)
            ]
            yield pd.DataFrame(rows, columns=["image_id", "thumbnail"])

    wanted = image_bytes.select("image_id", "content", "sha256").where(F.col("image_id").isin(sorted(image_ids)))
    # A task for each core: otherwise each file of the lake, most of which hold none, starts one in Python.
    wanted = wanted.coalesce(image_bytes.sparkSession.sparkContext.defaultParallelism)
    rows = wanted.mapInPandas(shrink, "image_id string, thumbnail binary").where("thumbnail IS NOT NULL").collect()
    return {row["image_id"]: bytes(row["thumbnail"]) for row in rows}


def small_jpeg(content: bytes | None, side: int, limits: Limits, sha256: str | None = None) -> bytes | None:
    """The thumbnail of one image; None where it cannot be decoded, or its bytes have another SHA-256 than the given."""
    try:
        require_unaltered(sha256_of(content), sha256)
        return thumbnail(content, side, limits)
    except ImageError:
        return None
