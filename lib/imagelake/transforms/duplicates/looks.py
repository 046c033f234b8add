"""The vectors that pictures are compared by: features of the network, and thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F

from imagelake.measures.thumbnail_vectors import thumbnail_vectors
from imagelake.search.cells import Cells
from imagelake.transforms.rows.features import HASH_VALUES, feature_sample, features_of
from imagelake.vision.fingerprint import thumbnail_pixels

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

SAMPLED = 20_000  # images that a space of vectors is learnt from: 20 MB of features


def cells_of_features(predictions: DataFrame, rows: int) -> Cells | None:
    """The space of the network's features, learnt on the driver; None where there are none."""
    images = predictions.where("features IS NOT NULL").select("image_id", "features")
    if not images.head(1):
        return None
    sample = feature_sample(images, rows, min(rows, SAMPLED))
    return Cells.train(sample, rows) if len(sample) else None


def cells_of_thumbnails(predictions: DataFrame, rows: int) -> Cells | None:
    """The space of the thumbnails, learnt on the driver; None where there are none."""
    sampled = F.pmod(F.xxhash64("image_id"), F.lit(HASH_VALUES))
    few = (
        predictions.where("thumbnail IS NOT NULL")
        .select(sampled.alias("sampled"), "image_id", "thumbnail")
        .where(sampled < round(HASH_VALUES * min(1, SAMPLED / max(rows, 1))))
        .select("sampled", "image_id", "thumbnail")
        .toArrow()
    )
    if not few.num_rows:
        return None
    in_order = few.sort_by([("sampled", "ascending"), ("image_id", "ascending")])
    return Cells.train(vectors_of_thumbnails(in_order.combine_chunks()), rows)


def vectors_of_thumbnails(batch: pa.RecordBatch | pa.Table) -> NDArray[np.float32]:
    """The column thumbnail as vectors float32 [N, 192]."""
    return thumbnail_vectors(pixels_in(batch["thumbnail"]))


def pixels_in(thumbnails: pa.Array | pa.ChunkedArray) -> NDArray[np.uint8]:
    """Thumbnails as pixels uint8 [N, 32, 32, 3]."""
    return thumbnail_pixels(b"".join(thumbnails.to_pylist()))


VECTORS = {"features": features_of, "thumbnail": vectors_of_thumbnails}
