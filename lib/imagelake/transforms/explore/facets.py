"""Counts by node of the label hierarchy: an image of an eagle counts for bird and animal, too."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.tables import TABLES
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.transforms.labels.label_hierarchy import hierarchy_graph

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

_COUNTS = ("own_images", "images", "boxes")
_NODE_DDL = "node_id string, label string, category string, depth int"


def count_facets(label_counts: DataFrame, box_counts: DataFrame, hierarchy: DataFrame) -> DataFrame:
    """One row a node: label_id, label, category, depth, own_images, images, boxes.

    An image counts once in the node of each of its confident labels and once in each ancestor of these. Parts do not
    count for the whole: a wheel is counted as itself and not as a car.

    Args:
        label_counts: as from count_labels.
        box_counts: as from count_boxes, by label.
        hierarchy: the hierarchy table; it is small enough to collect.

    Raises:
        ImageLakeError: the hierarchy has no root, not exactly one, or a cycle.
    """
    spark, graph = hierarchy.sparkSession, hierarchy_graph(hierarchy)
    if graph is None:  # a folder of photos has no hierarchy
        return spark.createDataFrame([], TABLES["facets"].ddl)
    names = {edge["label_id"]: edge["label"] for edge in hierarchy.select("label_id", "label").collect()}
    nodes = spark.createDataFrame(list(_nodes(graph, names)), _NODE_DDL)
    lineages = F.broadcast(spark.createDataFrame(list(_lineages(graph)), "label_id string, node_id string"))
    return (
        nodes.join(_images(label_counts, lineages), "node_id", how="left")
        .join(_boxes(box_counts, lineages), "node_id", how="left")
        .select(
            F.col("node_id").alias("label_id"),
            "label",
            "category",
            "depth",
            *(F.coalesce(count, F.lit(0)).alias(count) for count in _COUNTS),
        )
    )


def _lineages(graph: Hierarchy) -> Iterator[tuple[str, str]]:
    """Each node paired with itself and with each of its ancestors."""
    return ((node, above) for node in graph.nodes for above in {node} | graph.ancestors(node))


def _nodes(graph: Hierarchy, names: Mapping[str, str | None]) -> Iterator[tuple[str, str | None, str | None, int]]:
    for node in graph.nodes:
        categories = (names[category] or category for category in _categories(graph, node))
        yield node, names[node], min(categories, default=None), graph.depth(node)


def _categories(graph: Hierarchy, node: str) -> frozenset[str]:
    """The children of the root that a node is or descends from; for a node that is only a part, those of its wholes."""
    below_root = frozenset(graph.children(graph.root, "all"))
    own = below_root & ({node} | graph.ancestors(node))
    return own or below_root & graph.ancestors(node, "all")


def _images(label_counts: DataFrame, lineages: DataFrame) -> DataFrame:
    own = (F.col("label_id") == F.col("node_id")).cast("int")
    in_node = label_counts.where("confident").join(lineages, "label_id", how="inner")
    return (
        in_node.groupBy("image_id", "node_id")
        .agg(F.max(own).alias("own"))
        .groupBy("node_id")
        .agg(F.sum("own").alias("own_images"), F.count("*").alias("images"))
    )


def _boxes(box_counts: DataFrame, lineages: DataFrame) -> DataFrame:
    by_label = box_counts.groupBy("label_id").agg(F.sum("boxes").alias("boxes"))
    return by_label.join(lineages, "label_id", how="inner").groupBy("node_id").agg(F.sum("boxes").alias("boxes"))
