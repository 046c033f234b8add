"""The hierarchy of labels: from the graph to the table and back."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from imagelake.errors import unknown_choice
from imagelake.tables import TABLES
from imagelake.taxonomy.described_names import ids_of_names
from imagelake.taxonomy.hierarchy import Hierarchy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame, SparkSession

NAMES_SHOWN = 10


@dataclass(frozen=True)
class DescribedHierarchy:
    """A hierarchy, and what the class descriptions of its source say of its labels.

    The published file holds MIDs in one form and names in the other.

    Attributes:
        hierarchy: as read.
        names: label_id -> display name of the lake's classes.
        boxable: the label_ids that a name means where several classes bear it.
    """

    hierarchy: Hierarchy
    names: Mapping[str, str]
    boxable: Collection[str] = ()

    @cached_property
    def label_ids(self) -> Mapping[str, str]:
        """The label_id of each node that the class descriptions know."""
        known = {node: node for node in self.hierarchy.nodes if node in self.names}
        others = (node for node in self.hierarchy.nodes if node not in known and not _is_mid(node))
        return known | ids_of_names(others, self.names, self.boxable)

    @property
    def joins_nothing(self) -> bool:
        """Whether no label of the lake can be one of its nodes."""
        return not self.label_ids and bool(self.names or not _is_mid(self.hierarchy.root))

    def notes(self) -> dict[str, str]:
        """What the summary says of it: nothing where every label is known."""
        nodes = self.hierarchy.nodes
        unknown = [node for node in nodes if node not in self.label_ids]
        if self.joins_nothing:
            return {"hierarchy": f"left out: no class description knows any of its {len(nodes):,} labels"}
        if not unknown or not self.names:
            return {}
        more = f", and {len(unknown) - NAMES_SHOWN:,} more" if len(unknown) > NAMES_SHOWN else ""
        return {
            "hierarchy": f"{len(self.label_ids):,} of its {len(nodes):,} labels are described; not "
            f"{', '.join(unknown[:NAMES_SHOWN])}{more}"
        }

    def rows(self) -> list[tuple[str | None, str | None, str | None, str | None, str, int]]:
        """The rows of the hierarchy table; none where it joins nothing."""
        if self.joins_nothing:
            return []
        return [
            (*self._id_and_name(row.node), *self._id_and_name(row.parent), row.relation or "subcategory", row.depth)
            for row in self.hierarchy.rows()
        ]

    def _id_and_name(self, node: str | None) -> tuple[str | None, str | None]:
        if node is None:
            return None, None
        if label_id := self.label_ids.get(node):
            return label_id, self.names[label_id]
        return node, None if _is_mid(node) else node


def _is_mid(node: str) -> bool:
    return node.startswith("/")


def hierarchy_table(spark: SparkSession, described: DescribedHierarchy | None) -> DataFrame:
    """The hierarchy table, an empty one of None."""
    return spark.createDataFrame(described.rows() if described else [], TABLES["hierarchy"].ddl)


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
