"""Label and box counts: planted rows, and brute force over seeded lakes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from explore_rows import found, table
from pyspark.sql import SparkSession
from random_lake import LAKES, RandomLake

from imagelake.transforms.explore.annotation_counts import (
    boxes_per_image,
    count_boxes,
    count_labels,
    occurrences,
    sum_by_label,
    top_labels,
)

THRESHOLD = 0.99


def test_rows_and_images_are_told_apart(spark: SparkSession) -> None:
    """A label twice on one image is two rows and one image; the threshold itself is not above the threshold."""
    labels = table(
        spark,
        "labels",
        {"confidence": 0.2},
        {"confidence": 0.99},
        {"image_id": "i2", "confidence": 0.991},
        {"image_id": "i2", "split": "test"},
    )
    boxes = count_boxes(table(spark, "boxes", {}, {}), "label_id")
    counted = occurrences(sum_by_label(count_labels(labels, THRESHOLD)), boxes, table(spark, "classes", {}))
    assert found(counted) == [("/m/lion", "Lion", "test", 1, 1, 1, 0), ("/m/lion", "Lion", "train", 3, 2, 1, 2)]


def test_a_label_that_only_boxes_name_occurs(spark: SparkSession) -> None:
    """Labels without label rows are counted by their boxes, and a label without a class has no name."""
    boxes = count_boxes(table(spark, "boxes", {"label_id": "/m/new", "label": None}), "label_id")
    counted = occurrences(
        sum_by_label(count_labels(table(spark, "labels"), THRESHOLD)), boxes, table(spark, "classes", {})
    )
    assert found(counted) == [("/m/new", None, "train", 0, 0, 0, 1)]


@pytest.mark.parametrize("drawn", LAKES)
def test_counts_equal_brute_force(spark: SparkSession, drawn: tuple[int, int, int]) -> None:
    """Rows, images, confident images and boxes of every label and split are those of counting one by one."""
    lake = RandomLake.draw(*drawn)
    counted = occurrences(
        sum_by_label(count_labels(lake.frame(spark, "labels"), THRESHOLD)),
        count_boxes(lake.frame(spark, "boxes"), "label_id"),
        table(spark, "classes"),
    )
    expected = []
    for label, split in {(row["label_id"], row["split"]) for row in lake.labels + lake.boxes}:
        rows = [row for row in lake.labels if (row["label_id"], row["split"]) == (label, split)]
        confident = {row["image_id"] for row in rows if lake.confident(row, THRESHOLD)}
        boxes = sum((row["label_id"], row["split"]) == (label, split) for row in lake.boxes)
        expected.append((label, None, split, len(rows), len({row["image_id"] for row in rows}), len(confident), boxes))
    assert found(counted) == sorted(expected, key=lambda row: (row[0], row[2]))


def test_partitions_change_no_count(spark: SparkSession) -> None:
    """The same rows in one partition and in many give the same counts."""
    labels = RandomLake.draw(*LAKES[0]).frame(spark, "labels")
    counts = (count_labels(labels.repartition(parts), THRESHOLD).drop("confidence_sum") for parts in (1, 9))
    one, many = (found(count) for count in counts)
    assert one == many
    assert len(one) > 50


def test_images_without_boxes_have_zero(spark: SparkSession) -> None:
    """The distribution starts at the images that no box names."""
    images = table(spark, "images", {}, {"image_id": "i2"}, {"image_id": "i3"}, {"image_id": "i4", "split": "test"})
    boxes = count_boxes(table(spark, "boxes", {}, {"label_id": "/m/cub"}, {"image_id": "i2"}), "image_id")
    assert found(boxes_per_image(boxes, images)) == [
        ("test", 0, 1),
        ("train", 0, 1),
        ("train", 1, 1),
        ("train", 2, 1),
    ]


@pytest.mark.parametrize("drawn", LAKES)
def test_the_distribution_accounts_for_every_box_and_image(spark: SparkSession, drawn: tuple[int, int, int]) -> None:
    """Brute force gives the same distribution, and boxes times images add up to all boxes."""
    lake = RandomLake.draw(*drawn)
    split_of = {row["image_id"]: row["split"] for row in lake.images}
    boxes: Counter[tuple[Any, Any]] = Counter((row["image_id"], row["split"]) for row in lake.images)
    for row in lake.boxes:
        boxes[row["image_id"], split_of.get(row["image_id"], row["split"])] += 1
    boxes.subtract((row["image_id"], row["split"]) for row in lake.images)
    expected = Counter((split, count) for (_, split), count in boxes.items())
    box_counts = count_boxes(lake.frame(spark, "boxes"), "image_id")
    counted = found(boxes_per_image(box_counts, lake.frame(spark, "images")))
    assert counted == sorted((*key, count) for key, count in expected.items())
    assert sum(count * images for _, count, images in counted) == len(lake.boxes)


def test_the_most_frequent_labels_are_summed_over_splits(spark: SparkSession) -> None:
    """A label that leads no split may lead them all; equal ones are ordered by their identifier."""
    names = "label_id string, label string, split string, rows long, images long, confident_images long, boxes long"
    counts = spark.createDataFrame(
        [
            ("/m/b", "B", "train", 5, 5, 0, 0),
            ("/m/c", "C", "test", 5, 5, 0, 0),
            ("/m/a", "A", "train", 4, 4, 1, 2),
            ("/m/a", "A", "test", 4, 3, 1, 2),
        ],
        names,
    )
    top = [tuple(row) for row in top_labels(counts, 2).collect()]
    assert top == [("/m/a", "A", 8, 7, 2, 4), ("/m/b", "B", 5, 5, 0, 0)]
