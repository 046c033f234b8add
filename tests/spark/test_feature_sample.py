"""The sample that an index learns from: of the size that was asked, and the same however the lake is cut."""

from __future__ import annotations

import numpy as np
from pyspark.sql import DataFrame, SparkSession

from imagelake.transforms.rows.features import feature_sample

ROWS = 4000


def images(spark: SparkSession, partitions: int) -> DataFrame:
    """4,000 images of two features in half precision: the number of the image, and 1."""
    rows = [(f"image-{number}", [float(number // 2), 1.0]) for number in range(ROWS)]
    return spark.createDataFrame(rows, "image_id string, features array<float>").repartition(partitions)


def test_the_sample_depends_on_names_alone(spark: SparkSession) -> None:
    """One and five partitions give the same rows in the same order, near the wanted number and spread over the lake."""
    one, five = (feature_sample(images(spark, partitions), ROWS, 400) for partitions in (1, 5))
    assert np.array_equal(one, five)
    assert one.dtype == np.float32
    assert abs(len(one) - 400) < 80  # four standard deviations of a draw of each image by itself
    assert abs(one[:, 0].mean() - ROWS / 4) < ROWS / 4 * 0.15


def test_a_small_lake_is_its_own_sample(spark: SparkSession) -> None:
    """Where as many are wanted as there are, all are taken, each once."""
    sample = feature_sample(images(spark, 3), ROWS, ROWS)
    assert sorted(sample[:, 0]) == [number // 2 for number in range(ROWS)]
