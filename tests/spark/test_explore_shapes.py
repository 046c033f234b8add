"""Image shapes: size classes without a gap, and images without a readable header."""

from __future__ import annotations

import pytest
from explore_rows import found, table
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from imagelake.transforms.explore.image_shapes import count_shapes, size_class


@pytest.mark.parametrize(
    ("side", "expected"),
    [
        (None, "unknown"),
        (0, "up to 128"),
        (1, "up to 128"),
        (128, "up to 128"),
        (129, "129-256"),
        (256, "129-256"),
        (257, "257-512"),
        (1024, "513-1024"),
        (2**30, f"{2**29 + 1}-{2**30}"),
        (2**31 - 1, f"{2**30 + 1}-{2**31}"),
    ],
)
def test_a_power_of_two_ends_its_class(spark: SparkSession, side: int | None, expected: str) -> None:
    """Bounds are exact where a floating-point logarithm may miss, for every side that an int holds."""
    frame = spark.createDataFrame([(side,)], "side int")
    assert found(frame.select(size_class(F.col("side")))) == [(expected,)]


def test_no_side_falls_between_classes(spark: SparkSession) -> None:
    """Each of the sides from 1 to 5,000 lies within the bounds that its class names."""
    rows = spark.range(1, 5001).select(F.col("id").cast("int"), size_class(F.col("id").cast("int"))).collect()
    for side, text in rows:
        low, high = (0, 128) if text == "up to 128" else map(int, text.split("-"))
        assert low <= side <= high


def test_the_longer_side_decides(spark: SparkSession) -> None:
    """Tall and wide images of one size are in one class, with their means and bytes; other formats stand apart."""
    images = table(
        spark,
        "images",
        {"image_id": "i1", "width": 200, "height": 100, "format": "JPEG", "byte_size": 10},
        {"image_id": "i2", "width": 100, "height": 200, "format": "JPEG", "byte_size": 20},
        {"image_id": "i3", "width": 100, "height": 100, "format": "PNG", "byte_size": 5},
    )
    assert found(count_shapes(images)) == [
        ("train", "JPEG", "129-256", 2, 150.0, 150.0, 30),
        ("train", "PNG", "up to 128", 1, 100.0, 100.0, 5),
    ]


def test_unreadable_images_have_a_class_of_their_own(spark: SparkSession) -> None:
    """Bytes without a readable header are of unknown format and size; an image without bytes has no shape at all."""
    images = table(spark, "images", {"error": "truncated", "byte_size": 7}, {"image_id": "i2", "has_bytes": False})
    assert found(count_shapes(images)) == [("train", "unknown", "unknown", 1, None, None, 7)]


def test_an_empty_table_has_no_shapes(spark: SparkSession) -> None:
    """No images, no rows."""
    assert found(count_shapes(table(spark, "images"))) == []
