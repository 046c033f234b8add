"""Split differences and unmatched images: planted rows, and brute force over seeded lakes."""

from __future__ import annotations

from typing import Any

import pytest
from explore_rows import found, table
from pyspark.sql import DataFrame, SparkSession
from random_lake import LAKES, RandomLake

from imagelake.transforms.explore.annotation_counts import count_boxes, count_labels, sum_by_image, sum_by_label
from imagelake.transforms.explore.split_summary import summarise_splits
from imagelake.transforms.explore.summary_notes import summary_notes
from imagelake.transforms.explore.unmatched import images_without_label, labels_without_image, match_images

THRESHOLD = 0.99


def summary(images: DataFrame, labels: DataFrame, boxes: DataFrame) -> dict[str, dict[str, Any]]:
    """The summary of three tables, by split."""
    label_counts, box_counts = count_labels(labels, THRESHOLD), count_boxes(boxes, "image_id")
    matched = match_images(images, sum_by_image(label_counts), box_counts)
    rows = summarise_splits(matched, sum_by_label(label_counts), box_counts).collect()
    return {row["split"]: row.asDict() for row in rows}


def test_planted_splits_are_told_apart(spark: SparkSession) -> None:
    """A split whose labels are all sure and one whose labels are not have the numbers that were planted."""
    images = table(
        spark,
        "images",
        {},
        {"image_id": "i2"},
        {"image_id": "i3", "has_bytes": False},
        {"image_id": "v1", "split": "validation"},
    )
    labels = table(
        spark,
        "labels",
        {"confidence": 0.5},
        {"confidence": 0.75, "label_id": "/m/cub"},
        {"image_id": "i2", "confidence": 1.0},
        {"image_id": "v1", "split": "validation"},
    )
    boxes = table(spark, "boxes", {"is_depiction": 1}, {"is_depiction": -1}, {"image_id": "i2", "is_depiction": None})
    found_splits = summary(images, labels, boxes)
    assert found_splits["train"] == {
        "split": "train",
        "images": 3,
        "images_with_bytes": 2,
        "labelled_images": 2,
        "confident_images": 1,
        "confident_ratio": pytest.approx(1 / 3),
        "label_rows": 3,
        "labels": 2,
        "min_confidence": 0.5,
        "mean_confidence": 0.75,
        "max_confidence": 1.0,
        "boxes": 3,
        "boxed_images": 2,
        "depictions": 1,
    }
    assert found_splits["validation"]["confident_ratio"] == 1.0
    assert found_splits["validation"]["min_confidence"] == 1.0
    assert found_splits["validation"]["boxes"] == 0


def test_a_split_without_images_has_no_ratio(spark: SparkSession) -> None:
    """Labels of a split that no image is in give a row whose ratio is unknown, not zero."""
    only = summary(table(spark, "images"), table(spark, "labels", {}), table(spark, "boxes"))["train"]
    assert (only["images"], only["label_rows"], only["confident_ratio"]) == (0, 1, None)


def test_null_confidences_are_left_out_of_the_mean(spark: SparkSession) -> None:
    """A row without a confidence is a row, and says nothing about the mean; it is never confident."""
    labels = table(spark, "labels", {"confidence": None}, {"confidence": 0.5}, {"image_id": "i2", "confidence": None})
    only = summary(table(spark, "images", {}, {"image_id": "i2"}), labels, table(spark, "boxes"))["train"]
    assert (only["label_rows"], only["mean_confidence"]) == (3, 0.5)
    assert (only["labelled_images"], only["confident_images"]) == (2, 0)


@pytest.mark.parametrize("drawn", LAKES)
def test_splits_equal_brute_force(spark: SparkSession, drawn: tuple[int, int, int]) -> None:
    """Every number of every split is that of counting one by one."""
    lake = RandomLake.draw(*drawn)
    named, boxed = ({row["image_id"] for row in rows} for rows in (lake.labels, lake.boxes))
    confident = {row["image_id"] for row in lake.labels if lake.confident(row, THRESHOLD)}
    expected = {}
    for split in {row["split"] for row in lake.images + lake.labels + lake.boxes}:
        images, labels, boxes = (
            [row for row in rows if row["split"] == split] for rows in (lake.images, lake.labels, lake.boxes)
        )
        confidences = [row["confidence"] for row in labels if row["confidence"] is not None]
        expected[split] = {
            "images": len(images),
            "images_with_bytes": sum(row["has_bytes"] for row in images),
            "labelled_images": sum(row["image_id"] in named for row in images),
            "confident_images": sum(row["image_id"] in confident for row in images),
            "label_rows": len(labels),
            "labels": len({row["label_id"] for row in labels}),
            "min_confidence": min(confidences, default=None),
            "max_confidence": max(confidences, default=None),
            "mean_confidence": pytest.approx(sum(confidences) / len(confidences)) if confidences else None,
            "boxes": len(boxes),
            "boxed_images": sum(row["image_id"] in boxed for row in images),
            "depictions": sum(row["is_depiction"] == 1 for row in boxes),
        }
    counted = summary(*(lake.frame(spark, name) for name in ("images", "labels", "boxes")))
    assert {split: {name: row[name] for name in expected[split]} for split, row in counted.items()} == expected


@pytest.mark.parametrize("drawn", LAKES)
def test_nothing_unmatched_is_missed(spark: SparkSession, drawn: tuple[int, int, int]) -> None:
    """Images without a label and labelled images without a listing are the set differences."""
    lake = RandomLake.draw(*drawn)
    images, counts = lake.frame(spark, "images"), sum_by_image(count_labels(lake.frame(spark, "labels"), THRESHOLD))
    named = {row["image_id"] for row in lake.labels}
    listed = {row["image_id"] for row in lake.images if row["listed"]}
    strangers = {(row["image_id"], row["split"]) for row in lake.labels if row["image_id"] not in listed}
    boxes = count_boxes(lake.frame(spark, "boxes"), "image_id")
    assert found(images_without_label(match_images(images, counts, boxes))) == sorted(
        (row["image_id"], row["split"]) for row in lake.images if row["image_id"] not in named
    )
    assert found(labels_without_image(counts, images)) == sorted(
        (*key, sum((row["image_id"], row["split"]) == key for row in lake.labels)) for key in strangers
    )


def test_bytes_that_no_list_names_are_not_listed(spark: SparkSession) -> None:
    """A label of a file that stands in no image list is a label without an image, and the file has a label."""
    images = table(spark, "images", {"listed": False})
    counts = sum_by_image(count_labels(table(spark, "labels", {}, {}), THRESHOLD))
    boxes = count_boxes(table(spark, "boxes"), "image_id")
    assert found(labels_without_image(counts, images)) == [("i1", "train", 2)]
    assert found(images_without_label(match_images(images, counts, boxes))) == []


def test_facts_are_sentences_for_a_person(spark: SparkSession) -> None:
    """The summary's lines carry thousands separators, one-decimal shares and names, or none where there is nothing."""
    splits = spark.createDataFrame(
        [("test", 0, 0, 3, None), ("train", 1200, 1000, 5000, 0.25)],
        "split string, images long, labelled_images long, label_rows long, confident_ratio double",
    )
    names = "label_id string, label string, split string, rows long, images long, confident_images long, boxes long"
    labels = spark.createDataFrame([("/m/a", "A", "train", 5000, 1, 1, 1), ("/m/b", None, "train", 3, 1, 1, 1)], names)
    assert summary_notes(splits, labels) == {
        "images": "1,200",
        "label rows": "5,003",
        "images without a label": "200",
        "images with a confident label": "test no images, train 25.0%",
        "most frequent labels": "A 5,000, /m/b 3",
    }
    empty = summary_notes(splits.limit(0), labels.limit(0))
    assert empty["images with a confident label"] == empty["most frequent labels"] == "none"
