"""The hierarchy of labels: a directed acyclic graph with one root, with edges of two relations: subcategory and part.

Only subcategory edges decide whether one label contains another: every eagle is a bird, but a wheel is no land
vehicle, and the published hierarchy of Open Images calls musical instruments a part of buildings.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Literal, NamedTuple

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.csv_rows import nearest, read_rows
from imagelake.taxonomy.hierarchy_json import Edge, Relation, read_hierarchy_json

PARTS_COLUMNS = ("parent", "child")
Edges = Literal["subcategory", "all"]


class HierarchyRow(NamedTuple):
    """One edge as a row of the table hierarchy; the root has a row without parent and relation.

    ``depth`` is the node's: steps from the root by the shortest way, 0 for the root.
    """

    node: str
    parent: str | None
    depth: int
    relation: Relation | None


class Hierarchy:
    """A graph of labels. A node is a name or a MID, as in the source."""

    def __init__(self, root: str, edges: Iterable[Edge], source: str = "hierarchy") -> None:
        """Check and index the edges.

        Args:
            root: the node above all others.
            edges: parent, child and relation; repeated ones count once.
            source: where they come from, for errors.

        Raises:
            ImageLakeError: a node is its own ancestor, or not reached from the root.
        """
        self.root = root
        self.edges: tuple[Edge, ...] = tuple(dict.fromkeys(edges))
        self._source = source
        subcategories = [edge for edge in self.edges if edge.relation == "subcategory"]
        self._index = {
            "subcategory": (_grouped(subcategories, "parent"), _grouped(subcategories, "child")),
            "all": (_grouped(self.edges, "parent"), _grouped(self.edges, "child")),
        }
        self._depths = _depths(root, self._index["all"][0].get)
        _check(self.edges, self._depths, source)

    @classmethod
    def from_json(cls, text: str, source: str, parts: Iterable[tuple[str, str]] = ()) -> Hierarchy:
        """Read either published form of the Open Images hierarchy.

        Args:
            text: ``{"LabelName", "Subcategory", "Part"}`` with MIDs, or ``{"name", "children", "size"}`` with names.
            source: the file's name, for errors.
            parts: parent and child of edges that mean *part of*. The second form does not tell the two
                relations apart; see ``read_parts``. Pairs that are no edge are ignored.

        Raises:
            ImageLakeError: the text is not JSON of either form, or a node is its own ancestor.
        """
        root, edges = read_hierarchy_json(text, source)
        known_parts = frozenset(parts)
        relabelled = (edge._replace(relation="part") if edge[:2] in known_parts else edge for edge in edges)
        return cls(root, relabelled, source)

    @classmethod
    def from_table(cls, rows: Iterable[tuple[str, str | None, Relation]]) -> Hierarchy | None:
        """The hierarchy of the table's columns label_id, parent_id and relation; None where it has no row.

        Raises:
            ImageLakeError: the table has no root, not exactly one, or a cycle.
        """
        listed = list(rows)
        if not listed:
            return None
        roots = sorted({node for node, parent, _ in listed if parent is None})
        if len(roots) != 1:
            raise ImageLakeError(
                f"table hierarchy: one node without a parent is needed, found {len(roots)}: {roots[:5]}"
            )
        edges = (Edge(parent, node, relation) for node, parent, relation in listed if parent is not None)
        return cls(roots[0], edges, "table hierarchy")

    def __contains__(self, node: object) -> bool:
        return node in self._depths

    def __len__(self) -> int:
        return len(self._depths)

    @property
    def nodes(self) -> tuple[str, ...]:
        """All nodes by depth, the root first."""
        return tuple(self._depths)

    def parents(self, node: str, edges: Edges = "subcategory") -> frozenset[str]:
        """The nodes directly above."""
        self._known(node)
        return frozenset(self._index[edges][1].get(node, ()))

    def children(self, node: str, edges: Edges = "subcategory") -> tuple[str, ...]:
        """The nodes directly below, in the source's order."""
        self._known(node)
        return self._index[edges][0].get(node, ())

    def ancestors(self, node: str, edges: Edges = "subcategory") -> frozenset[str]:
        """The broader labels of a node, at any distance, itself excluded; with ``all``, also what it is part of."""
        self._known(node)
        return frozenset(_depths(node, self._index[edges][1].get)) - {node}

    def descendants(self, node: str, edges: Edges = "subcategory") -> frozenset[str]:
        """The narrower labels of a node, at any distance, itself excluded; with ``all``, also its parts and theirs."""
        self._known(node)
        return frozenset(_depths(node, self._index[edges][0].get)) - {node}

    def branches(self) -> dict[str, frozenset[str]]:
        """Each node's ancestors and descendants: labels that do not contradict it. The root is in no branch."""
        return {node: (self.ancestors(node) | self.descendants(node)) - {self.root} for node in self.nodes}

    def depth(self, node: str) -> int:
        """Steps from the root by the shortest way; 0 for the root."""
        self._known(node)
        return self._depths[node]

    def categories(self) -> tuple[str, ...]:
        """The broadest labels: the children of the root, in the source's order."""
        return self.children(self.root)

    def rows(self) -> list[HierarchyRow]:
        """One row an edge, and one for the root."""
        below = [HierarchyRow(e.child, e.parent, self._depths[e.child], e.relation) for e in self.edges]
        return [HierarchyRow(self.root, None, 0, None), *below]

    def renamed(self, names: Mapping[str, str]) -> Hierarchy:
        """The same hierarchy with other names, e.g. MIDs as display names; a node without one keeps its own.

        Raises:
            ImageLakeError: two nodes become one and that closes a cycle.
        """
        edges = (Edge(names.get(e.parent, e.parent), names.get(e.child, e.child), e.relation) for e in self.edges)
        return Hierarchy(names.get(self.root, self.root), edges, self._source)

    def _known(self, node: str) -> None:
        if node not in self._depths:
            raise ImageLakeError(f"{self._source}: no label {node!r}; {nearest(node, self._depths)}")


def read_parts(text: str, source: str) -> frozenset[tuple[str, str]]:
    """Parent and child of the edges that mean *part of*, from a CSV with the columns parent and child.

    Raises:
        ImageLakeError: a column or a cell is missing.
    """
    rows = read_rows(text, source, PARTS_COLUMNS)
    for row in rows:
        if not (row["parent"] and row["child"]):
            row.fail("both parent and child must be named")
    return frozenset((row["parent"], row["child"]) for row in rows)


def _grouped(edges: Iterable[Edge], by: Literal["parent", "child"]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, dict[str, None]] = {}
    for edge in edges:
        here, there = (edge.parent, edge.child) if by == "parent" else (edge.child, edge.parent)
        groups.setdefault(here, {})[there] = None
    return {node: tuple(group) for node, group in groups.items()}


def _depths(start: str, following: Callable[[str], tuple[str, ...] | None]) -> dict[str, int]:
    """Every node reached from ``start`` with its distance, breadth first."""
    depths = {start: 0}
    waiting = deque([start])
    while waiting:
        node = waiting.popleft()
        for other in following(node) or ():
            if other not in depths:
                depths[other] = depths[node] + 1
                waiting.append(other)
    return depths


def _check(edges: Iterable[Edge], depths: Mapping[str, int], source: str) -> None:
    edges = tuple(edges)
    lost = sorted({node for edge in edges for node in edge[:2]} - depths.keys())
    if lost:
        raise ImageLakeError(f"{source}: not reached from the root: {', '.join(map(repr, lost[:5]))}")
    try:
        TopologicalSorter(_grouped(edges, "child")).prepare()
    except CycleError as error:
        circle = error.args[1][1:]  # downwards, its first node repeated at the end
        first = circle.index(min(circle))
        path = [*circle[first:], *circle[:first], circle[first]]
        raise ImageLakeError(f"{source}: a label is its own ancestor: {' > '.join(map(repr, path))}") from None
