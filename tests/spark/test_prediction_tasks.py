"""The size of the tasks in which images are predicted."""

from __future__ import annotations

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from imagelake.transforms.predict.predict import IMAGES_A_TASK, spread


def test_tiny_images_of_one_part_become_many_tasks(spark: SparkSession) -> None:
    """None lost or doubled, tasks of about equal size; where a part holds few images it stays as it is."""
    count = 4 * IMAGES_A_TASK + 1
    images = spark.range(0, count, 1, 1).select(
        F.col("id").cast("string").alias("image_id"), F.lit(b"tiny").alias("content")
    )
    parts = spread(images, count)
    sizes = [row["count"] for row in parts.groupBy(F.spark_partition_id().alias("part")).count().collect()]
    assert len(sizes) == 5
    assert max(sizes) < 1.2 * count / 5
    assert parts.select("image_id").distinct().count() == sum(sizes) == count
    assert spread(images, 2 * IMAGES_A_TASK) is images
