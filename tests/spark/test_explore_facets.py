"""Facets: counts rolled up along subcategory edges, each image once in each node."""

from __future__ import annotations

import pytest
from explore_rows import edges, found, table
from pyspark.sql import DataFrame, SparkSession
from random_lake import LAKES, RandomLake

from imagelake.errors import ImageLakeError
from imagelake.transforms.explore.annotation_counts import count_boxes, count_labels
from imagelake.transforms.explore.facets import count_facets

COUNTS = ("label", "own_images", "images", "boxes")


def facets(spark: SparkSession, hierarchy: DataFrame, *labels: tuple[str, str, float]) -> DataFrame:
    """The facets of (image, label, confidence) rows without boxes."""
    rows = ({"image_id": i, "label_id": f"/m/{name}", "confidence": c} for i, name, c in labels)
    counts = count_labels(table(spark, "labels", *rows), 0.99)
    return count_facets(counts, count_boxes(table(spark, "boxes"), "label_id"), hierarchy)


def test_an_image_counts_once_in_each_ancestor(spark: SparkSession) -> None:
    """An image of an eagle and an owl is one image of a bird; a doubtful label counts nowhere."""
    tree = edges(spark, ("Entity", None), ("Bird", "Entity"), ("Eagle", "Bird"), ("Owl", "Bird"), ("Car", "Entity"))
    counted = facets(spark, tree, ("i1", "Eagle", 1.0), ("i1", "Owl", 1.0), ("i2", "Bird", 1.0), ("i3", "Owl", 0.99))
    assert found(counted, *COUNTS) == [
        ("Bird", 1, 2, 0),
        ("Car", 0, 0, 0),
        ("Eagle", 1, 1, 0),
        ("Entity", 0, 2, 0),
        ("Owl", 1, 1, 0),
    ]


def test_two_ways_to_an_ancestor_count_once(spark: SparkSession) -> None:
    """A label with two parents under one grandparent is one image and one box of the grandparent."""
    diamond = edges(
        spark, ("Entity", None), ("Food", "Entity"), ("Fruit", "Food"), ("Salad", "Food"), ("Tomato", "Fruit"),
        ("Tomato", "Salad"),
    )  # fmt: skip
    labels = count_labels(table(spark, "labels", {"label_id": "/m/Tomato"}), 0.99)
    tomatoes = table(spark, "boxes", {"label_id": "/m/Tomato"}, {"label_id": "/m/Tomato", "image_id": "i9"})
    boxes = count_boxes(tomatoes, "label_id")
    assert found(count_facets(labels, boxes, diamond), *COUNTS) == [
        ("Entity", 0, 1, 2),
        ("Food", 0, 1, 2),
        ("Fruit", 0, 1, 2),
        ("Salad", 0, 1, 2),
        ("Tomato", 1, 1, 2),
    ]


def test_a_part_does_not_count_for_the_whole(spark: SparkSession) -> None:
    """An image of a wheel is no image of a car, but the wheel stands in the car's category."""
    tree = edges(spark, ("Entity", None), ("Vehicle", "Entity"), ("Car", "Vehicle"), ("Wheel", "Car", "part"))
    counted = facets(spark, tree, ("i1", "Wheel", 1.0))
    assert found(counted, "label", "category", "depth", "images") == [
        ("Car", "Vehicle", 2, 0),
        ("Entity", None, 0, 0),
        ("Vehicle", "Vehicle", 1, 0),
        ("Wheel", "Vehicle", 3, 1),
    ]


def test_the_category_is_the_first_by_name(spark: SparkSession) -> None:
    """A label under two categories bears the first of them by name, whatever the order of the edges."""
    tree = edges(spark, ("Entity", None), ("Toy", "Entity"), ("Plant", "Entity"), ("Ball", "Toy"), ("Ball", "Plant"))
    assert ("Ball", "Plant") in found(facets(spark, tree), "label", "category")


def test_one_image_in_two_splits_is_one(spark: SparkSession) -> None:
    """Facets count images over all splits."""
    tree = edges(spark, ("Entity", None), ("Lion", "Entity"))
    labels = table(spark, "labels", {"label_id": "/m/Lion"}, {"label_id": "/m/Lion", "split": "test"})
    counted = count_facets(count_labels(labels, 0.99), count_boxes(table(spark, "boxes"), "label_id"), tree)
    assert found(counted, *COUNTS) == [("Entity", 0, 1, 0), ("Lion", 1, 1, 0)]


@pytest.mark.parametrize("drawn", LAKES)
def test_facets_equal_brute_force(spark: SparkSession, drawn: tuple[int, int, int]) -> None:
    """Every node's images and boxes are those found by walking up from each row."""
    lake = RandomLake.draw(*drawn)
    above = {"b": {"a"}, "c": {"a", "b"}, "d": {"c"}, "e": {"a"}}
    tree = edges(spark, ("a", None), ("b", "a"), ("c", "a"), ("c", "b"), ("d", "c"), ("e", "a"))
    lineage = {"a": {"a"}}
    for node, parents in above.items():
        lineage[node] = {node}.union(*(lineage[parent] for parent in parents))
    confident = [row for row in lake.labels if lake.confident(row, 0.99)]
    expected = [
        (
            node,
            len({row["image_id"] for row in confident if row["label"] == node}),
            len({row["image_id"] for row in confident if node in lineage.get(row["label"], set())}),
            sum(node in lineage.get(row["label"], set()) for row in lake.boxes),
        )
        for node in lineage
    ]
    counted = count_facets(
        count_labels(lake.frame(spark, "labels"), 0.99), count_boxes(lake.frame(spark, "boxes"), "label_id"), tree
    )
    assert found(counted, *COUNTS) == sorted(expected)


def test_no_hierarchy_has_no_facets(spark: SparkSession) -> None:
    """A folder of photos has labels and no hierarchy: an empty table, with its columns."""
    counted = facets(spark, edges(spark), ("i1", "Lion", 1.0))
    assert counted.columns == ["label_id", "label", "category", "depth", "own_images", "images", "boxes"]
    assert found(counted) == []


def test_two_roots_are_an_error(spark: SparkSession) -> None:
    """A hierarchy that falls apart is said to, with its roots."""
    with pytest.raises(ImageLakeError, match=r"one node without a parent is needed, found 2: \['/m/A', '/m/B'\]"):
        facets(spark, edges(spark, ("A", None), ("B", None)))
