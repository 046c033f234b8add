from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.config import conf_text
from imagelake.errors import ImageLakeError
from imagelake.taxonomy.hierarchy import Edges, Hierarchy, HierarchyRow, read_parts
from imagelake.taxonomy.hierarchy_json import Edge, Relation

OFFICIAL = json.dumps(
    {
        "LabelName": "/m/root",
        "Subcategory": [
            {"LabelName": "/m/car", "Part": [{"LabelName": "/m/wheel"}], "Subcategory": [{"LabelName": "/m/van"}]},
            {"LabelName": "/m/toy", "Subcategory": [{"LabelName": "/m/bear"}]},
            {"LabelName": "/m/animal", "Subcategory": [{"LabelName": "/m/bear"}, {"LabelName": "/m/cat"}]},
        ],
    }
)
NAMED = json.dumps(
    {
        "name": "Entity",
        "children": [
            {"name": "Car", "children": [{"name": "Wheel", "size": 1000}, {"name": "Van", "size": 1000}]},
            {"name": "Animal", "children": [{"name": "Cat", "size": 1000}]},
        ],
    }
)


def naive_closure(pairs: Iterable[tuple[str, str]]) -> set[tuple[str, str]]:
    """Every (above, below) pair: edges are composed until nothing new appears."""
    closure = set(pairs)
    while True:
        longer = {(a, d) for a, b in closure for c, d in closure if b == c} - closure
        if not longer:
            return closure
        closure |= longer


def test_a_node_below_two_parents_has_both() -> None:
    """The official form writes a label out under each of its parents; all of them count."""
    tree = Hierarchy.from_json(OFFICIAL, "official.json")
    assert tree.parents("/m/bear") == {"/m/toy", "/m/animal"}
    assert tree.ancestors("/m/bear") == {"/m/toy", "/m/animal", "/m/root"}
    assert tree.descendants("/m/animal") == {"/m/bear", "/m/cat"}
    assert tree.categories() == ("/m/car", "/m/toy", "/m/animal")


@pytest.mark.parametrize("roots", [(), ("/m/a", "/m/b")], ids=["none", "two"])
def test_a_table_needs_exactly_one_root(roots: tuple[str, ...]) -> None:
    """A table of a hierarchy whose nodes all have parents, or that has two trees, is an error that names the roots."""
    rows: list[tuple[str, str | None, Relation]] = [(root, None, "subcategory") for root in roots]
    with pytest.raises(ImageLakeError, match=rf"found {len(roots)}.*{'.*'.join(roots)}"):
        Hierarchy.from_table([*rows, ("/m/c", "/m/d", "subcategory")])


def test_a_part_is_no_narrower_label() -> None:
    """A wheel is no descendant of a car unless parts are asked for."""
    tree = Hierarchy.from_json(OFFICIAL, "official.json")
    assert tree.descendants("/m/car") == {"/m/van"}
    assert tree.descendants("/m/car", "all") == {"/m/van", "/m/wheel"}
    assert tree.ancestors("/m/wheel") == frozenset()
    assert tree.ancestors("/m/wheel", "all") == {"/m/car", "/m/root"}
    assert tree.children("/m/car", "all") == ("/m/van", "/m/wheel")


def test_parts_can_be_told_apart_in_the_form_that_merges_them() -> None:
    """With a list of parts the names-only form has the same relations as the official one."""
    parts = read_parts("parent,child\nCar,Wheel\nBoat,Sail\n", "parts.csv")
    tree = Hierarchy.from_json(NAMED, "named.json", parts)
    assert tree.descendants("Car") == {"Van"}
    assert Hierarchy.from_json(NAMED, "named.json").descendants("Car") == {"Wheel", "Van"}


def test_rows_are_the_edges_and_the_root() -> None:
    """The table has one row an edge with the child's depth, and one for the root."""
    tree = Hierarchy.from_json(NAMED, "named.json", [("Car", "Wheel")])
    assert sorted(tree.rows(), key=str) == sorted(
        [
            HierarchyRow("Entity", None, 0, None),
            HierarchyRow("Car", "Entity", 1, "subcategory"),
            HierarchyRow("Wheel", "Car", 2, "part"),
            HierarchyRow("Van", "Car", 2, "subcategory"),
            HierarchyRow("Animal", "Entity", 1, "subcategory"),
            HierarchyRow("Cat", "Animal", 2, "subcategory"),
        ],
        key=str,
    )


def test_depth_is_the_shortest_way() -> None:
    """A node that stands at two depths has the smaller one."""
    tree = Hierarchy("r", [Edge("r", "a", "subcategory"), Edge("a", "b", "subcategory"), Edge("r", "b", "part")])
    assert [tree.depth(node) for node in ("r", "a", "b")] == [0, 1, 1]


def test_a_single_node_is_a_hierarchy() -> None:
    """A root without children has no relatives and one row."""
    tree = Hierarchy.from_json('{"name": "Entity"}', "one.json")
    assert (len(tree), tree.nodes, tree.categories()) == (1, ("Entity",), ())
    assert tree.descendants("Entity") == tree.ancestors("Entity") == frozenset()
    assert tree.rows() == [HierarchyRow("Entity", None, 0, None)]


def test_renaming_keeps_the_graph() -> None:
    """MIDs become display names, those without a name stay, and relations and depths are kept."""
    tree = Hierarchy.from_json(OFFICIAL, "official.json").renamed({"/m/root": "Entity", "/m/bear": "Teddy bear"})
    assert tree.parents("Teddy bear") == {"/m/toy", "/m/animal"}
    assert tree.root == "Entity"
    assert tree.ancestors("/m/wheel") == frozenset()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"name": ', "file.json line 1 column 10: not JSON"),
        ("[]", "one JSON object, this is a list"),
        ("{}", "one of 'LabelName' or 'name' is needed"),
        ('{"name": "A", "LabelName": "B"}', "one of 'LabelName' or 'name' is needed"),
        ('{"name": " "}', "the root has no text under 'name'"),
        ('{"name": "A", "children": [{"size": 3}]}', "a child of 'A' has no text under 'name'"),
        ('{"name": "A", "children": {"name": "B"}}', "'children' of node 'A' is not a list of objects"),
        ('{"name": "A", "children": ["B"]}', "'children' of node 'A' is not a list of objects"),
        ('{"LabelName": "A", "SubCategory": []}', "unknown key 'SubCategory'; known: LabelName, Part, Subcategory"),
        ('{"name": "A", "children": [{"name": "B", "children": [{"name": "A"}]}]}', "own ancestor: 'A' > 'B' > 'A'"),
        ('{"LabelName": "A", "Part": [{"LabelName": "A"}]}', "own ancestor: 'A' > 'A'"),
        ('{"name":"A","children":[' * 60_000, "nested too deeply"),
    ],
)
def test_a_text_that_is_no_hierarchy_is_named(text: str, says: str) -> None:
    """The message names the file, the node and what was expected."""
    with pytest.raises(ImageLakeError) as caught:
        Hierarchy.from_json(text, "file.json")
    assert str(caught.value).startswith("file.json")
    assert says in str(caught.value)


def test_a_cycle_that_renaming_closes_is_found() -> None:
    """Two nodes with one name can make a label its own ancestor."""
    tree = Hierarchy("r", [Edge("r", "a", "subcategory"), Edge("a", "b", "subcategory"), Edge("b", "c", "subcategory")])
    with pytest.raises(ImageLakeError, match="own ancestor: 'a' > 'b' > 'a'"):
        tree.renamed({"c": "a"})


def test_a_node_out_of_reach_is_an_error() -> None:
    """Edges that do not hang below the root are named."""
    with pytest.raises(ImageLakeError, match="not reached from the root: 'x', 'y'"):
        Hierarchy("r", [Edge("r", "a", "subcategory"), Edge("x", "y", "subcategory")])


def test_an_unknown_node_suggests_the_nearest() -> None:
    """A misspelt label is answered with the one that was meant."""
    tree = Hierarchy.from_json(NAMED, "named.json")
    with pytest.raises(ImageLakeError, match=r"named.json: no label 'Animla'; nearest of the 6 known: 'Animal'"):
        tree.descendants("Animla")


def test_a_parts_line_without_a_child_is_an_error() -> None:
    """Both ends of a part are needed."""
    with pytest.raises(ImageLakeError, match=r"parts.csv line 3: both parent and child must be named"):
        read_parts("parent,child\nCar,Wheel\nCar,\n", "parts.csv")


@st.composite
def acyclic_edges(draw: st.DrawFn) -> list[Edge]:
    """Edges between numbered nodes that go from a smaller to a larger number, each node but 0 below some other."""
    size = draw(st.integers(1, 12))
    relations: tuple[Relation, ...] = ("subcategory", "part")
    relation = st.sampled_from(relations)
    edges = [Edge(str(draw(st.integers(0, n - 1))), str(n), draw(relation)) for n in range(1, size)]
    pairs = st.lists(st.tuples(st.integers(0, size - 1), st.integers(0, size - 1)), max_size=20)
    more = [Edge(str(a), str(b), draw(relation)) for a, b in draw(pairs) if a < b]
    return edges + more


@given(acyclic_edges())
def test_ancestors_and_descendants_are_the_closure(edges: list[Edge]) -> None:
    """On any acyclic graph they are what composing edges gives, for subcategory edges and for all edges."""
    tree = Hierarchy("0", edges)
    wanted: list[tuple[Edges, list[Edge]]] = [
        ("subcategory", [edge for edge in edges if edge.relation == "subcategory"]),
        ("all", edges),
    ]
    for which, kept in wanted:
        closure = naive_closure((e.parent, e.child) for e in kept)
        for node in tree.nodes:
            assert tree.descendants(node, which) == {below for above, below in closure if above == node}
            assert tree.ancestors(node, which) == {above for above, below in closure if below == node}


@given(acyclic_edges(), st.data())
def test_any_edge_back_up_is_refused(edges: list[Edge], data: st.DataObject) -> None:
    """An edge from a node to one above it is reported as a path that exists, from a node back to itself."""
    tree = Hierarchy("0", edges)
    below = data.draw(st.sampled_from(tree.nodes))
    above = data.draw(st.sampled_from(sorted({below} | tree.ancestors(below, "all"))))
    with pytest.raises(ImageLakeError) as caught:
        Hierarchy("0", [*edges, Edge(below, above, "part")])
    path = [step.strip("'") for step in str(caught.value).partition("ancestor: ")[2].split(" > ")]
    assert path[0] == path[-1]
    assert set(pairwise(path)) <= {(e.parent, e.child) for e in edges} | {(below, above)}


def test_the_real_hierarchy_is_the_closure_of_its_own_text(shared_data: Path) -> None:
    """612 names, at most 5 steps deep; relatives agree with a walk over the JSON that knows nothing of graphs."""
    text = (shared_data / "metadata" / "bbox_hierarchy.json").read_text()
    tree = Hierarchy.from_json(text, "bbox_hierarchy.json")
    assert (len(tree), max(map(tree.depth, tree.nodes)), tree.root) == (612, 5, "Entity")

    seen: dict[str, set[str]] = {}

    def walk(node: dict[str, object], path: tuple[str, ...]) -> None:
        name = str(node["name"])
        seen.setdefault(name, set()).update(path)
        children = node.get("children", [])
        assert isinstance(children, list)
        for child in children:
            walk(child, (*path, name))

    walk(json.loads(text), ())
    assert {node: tree.ancestors(node) for node in tree.nodes} == seen
    below = {node: {other for other, above in seen.items() if node in above} for node in seen}
    assert {node: tree.descendants(node) for node in tree.nodes} == below


def test_every_known_part_is_an_edge_of_the_real_hierarchy(shared_data: Path) -> None:
    """The list of parts names edges that exist, and with it a seat belt is no vehicle."""
    text = (shared_data / "metadata" / "bbox_hierarchy.json").read_text()
    parts = read_parts(conf_text("labels/hierarchy_parts.csv"), "hierarchy_parts.csv")
    merged, apart = Hierarchy.from_json(text, "bbox"), Hierarchy.from_json(text, "bbox", parts)
    assert parts <= {(edge.parent, edge.child) for edge in merged.edges}
    assert "Seat belt" in merged.descendants("Vehicle") - apart.descendants("Vehicle")
    assert "Limousine" in apart.descendants("Vehicle")
