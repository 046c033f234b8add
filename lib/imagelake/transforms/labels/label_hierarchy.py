"""The hierarchy of labels: from its published file to the table, and from the table back to the graph."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagelake.config import conf_text
from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.tables import TABLES
from imagelake.taxonomy.hierarchy import Hierarchy, read_parts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from imagelake.lake.storage import Storage

PARTS = "labels/hierarchy_parts.csv"


def read_hierarchy(storage: Storage, uris: Sequence[str]) -> Hierarchy | None:
    """The hierarchy of a source; None where it has no such file.

    Raises:
        ImageLakeError: there are several files, or one is no hierarchy.
    """
    if len(uris) > 1:
        raise ImageLakeError(f"more than one hierarchy file: {', '.join(uris)}; keep one")
    if not uris:
        return None
    # One published form does not tell parts from subcategories; the other does, and this list does not change it.
    parts = read_parts(conf_text(PARTS), f"conf/{PARTS}")
    return Hierarchy.from_json(storage.read_bytes(uris[0]).decode("utf-8"), uris[0], parts)


def hierarchy_table(spark: SparkSession, hierarchy: Hierarchy | None, names: Mapping[str, str]) -> DataFrame:
    """The hierarchy table; the published file holds MIDs in one form and names in the other, the table has both.

    Args:
        spark: the session.
        hierarchy: None makes an empty table.
        names: label_id -> display name of the lake's classes.
    """
    ids = {name: label_id for label_id, name in names.items()}

    def id_and_name(node: str | None) -> tuple[str | None, str | None]:
        if node is None or node in names:
            return node, names.get(node or "")
        return (ids[node], node) if node in ids else (node, None if node.startswith("/") else node)

    rows = [
        (*id_and_name(row.node), *id_and_name(row.parent), row.relation or "subcategory", row.depth)
        for row in (hierarchy.rows() if hierarchy else ())
    ]
    return spark.createDataFrame(rows, TABLES["hierarchy"].ddl)


def hierarchy_graph(edges: DataFrame) -> Hierarchy | None:
    """The hierarchy table as a graph of label_ids; None for an empty one. Its size is hundreds, never millions.

    Raises:
        ImageLakeError: the table has no root, not exactly one, or a cycle.
    """
    rows = edges.select("label_id", "parent_id", "relation").collect()
    return Hierarchy.from_table(tuple(row) for row in rows)


def roll_up_targets(hierarchy: DataFrame, classes: DataFrame, chosen: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Which label_id counts as which chosen label: label_id -> (label_id, name).

    A label below several chosen ones counts as the deepest of them, then as the first by name.

    Raises:
        ImageLakeError: a chosen name is not in the hierarchy.
    """
    graph = hierarchy_graph(hierarchy) if chosen else None
    if graph is None:
        return {}
    names = {row["label_id"]: row["label"] for row in classes.collect()}
    names |= {row["label_id"]: row["label"] for row in hierarchy.where("label IS NOT NULL").collect()}
    nodes = {names[node]: node for node in graph.nodes if node in names}
    for name in chosen:
        if name not in nodes:
            raise unknown_choice("label in clean.roll_up_to:", name, nodes)
    # Later ones win below.
    deepest_last = sorted(sorted(chosen, reverse=True), key=lambda name: graph.depth(nodes[name]))
    return {below: (nodes[name], name) for name in deepest_last for below in graph.descendants(nodes[name])}
