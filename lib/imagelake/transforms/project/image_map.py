"""Every image as a point of a plane on which images of like features are near each other.

Letters: N images, D features.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.measures.neighbour_map import NeighbourMap
from imagelake.transforms.rows.features import feature_sample, features_of, gathered

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

POINTS = pa.schema({"image_id": pa.string(), "x": pa.float64(), "y": pa.float64()})
_ROWS = 1_024  # at a time through the matrix product


def with_features(predictions: DataFrame) -> DataFrame:
    """The images that have features: image_id, features."""
    return predictions.where("error IS NULL AND features IS NOT NULL").select("image_id", "features")


def learn_map(images: DataFrame, rows: int, landmarks: int) -> NeighbourMap:
    """The map of a lake, learnt on the driver from a sample of its images.

    Args:
        images: image_id and features.
        rows: how many there are, at least 1.
        landmarks: about how many are learnt from; chosen by a hash of their names.
    """
    features = feature_sample(images, rows, landmarks)
    # Of a few images the hash may choose none.
    return NeighbourMap.of(features if len(features) else feature_sample(images, rows, rows))


def put_on_map(images: DataFrame, learnt: NeighbourMap) -> DataFrame:
    """The image_map table: one row an image with features.

    Args:
        images: image_id and features.
        learnt: the map of the lake, which travels to the executors.
    """

    def points(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in gathered(batches, _ROWS):
            x, y = learnt.points_of(features_of(batch)).astype(float).T
            yield pa.record_batch([batch["image_id"], x, y], schema=POINTS)

    return images.mapInArrow(points, from_arrow_schema(POINTS))
