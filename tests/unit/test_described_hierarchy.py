"""A hierarchy joins the labels of its lake by MID or by name, and one that joins nothing is said to."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from imagelake.taxonomy.described_names import ids_of_names
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.names import name_key
from imagelake.transforms.labels.label_hierarchy import DescribedHierarchy

NAMES = {"/m/1": "Animal", "/m/2": "polar bear", "/m/3": "Mouse", "/m/4": "mouse", "/m/5": "Polar_Bear"}
BY_NAME = '{"name": "Entity", "children": [{"name": "Animal", "children": [{"name": "Mouse"}, {"name": "Crane"}]}]}'
BY_MID = '{"LabelName": "/m/0", "Subcategory": [{"LabelName": "/m/1", "Part": [{"LabelName": "/m/3"}]}]}'


@pytest.mark.parametrize(
    ("node", "preferred", "label_id"),
    [
        ("Animal", (), "/m/1"),
        ("animal", (), "/m/1"),
        ("Mouse", (), "/m/3"),
        ("MOUSE", (), None),
        ("MOUSE", ("/m/4",), "/m/4"),
        ("Polar bear", (), None),
        ("Polar bear", ("/m/2", "/m/5"), None),
        ("Bear", (), None),
    ],
)
def test_a_name_means_one_class_or_none(node: str, preferred: tuple[str, ...], label_id: str | None) -> None:
    """As it is spelt, else but for case and separators; two bearers are a choice that only a preference settles."""
    assert ids_of_names([node], NAMES, preferred).get(node) == label_id


def test_two_names_never_become_one_class() -> None:
    """The second would close a circle where it stands below the first."""
    assert ids_of_names(["Animal", "ANIMAL"], NAMES) == {"Animal": "/m/1"}


def test_names_become_label_ids_and_what_does_not_is_said() -> None:
    """Edges hold label_ids where the class descriptions know the name; the summary counts and names the others."""
    described = DescribedHierarchy(Hierarchy.from_json(BY_NAME, "by name"), NAMES)
    assert described.rows() == [
        ("Entity", "Entity", None, None, "subcategory", 0),
        ("/m/1", "Animal", "Entity", "Entity", "subcategory", 1),
        ("/m/3", "Mouse", "/m/1", "Animal", "subcategory", 2),
        ("Crane", "Crane", "/m/1", "Animal", "subcategory", 2),
    ]
    assert described.notes() == {"hierarchy": "2 of its 4 labels are described; not Entity, Crane"}


@pytest.mark.parametrize(
    ("text", "names", "left_out"),
    [
        (BY_NAME, {"/m/9": "Owl"}, True),
        (BY_NAME, {}, True),
        (BY_MID, {"/m/9": "Owl"}, True),
        (BY_MID, {}, False),  # labels may hold its MIDs where no file describes them
        (BY_MID, NAMES, False),
    ],
)
def test_a_hierarchy_that_joins_nothing_is_left_out(text: str, names: dict[str, str], left_out: bool) -> None:
    """And the summary says so, instead of hundreds of facets of nothing."""
    described = DescribedHierarchy(Hierarchy.from_json(text, "given"), names)
    assert (described.rows() == []) == left_out
    assert ("left out: no class description knows" in described.notes().get("hierarchy", "")) == left_out


def test_the_published_hierarchy_joins_the_published_names(shared_data: Path) -> None:
    """512 of its 612 names are the dictionary's but for case; all are joined but the ones that two classes bear."""
    with (shared_data / "metadata" / "class_dictionary.csv").open(encoding="utf-8") as lines:
        names = {row[0]: row[1] for row in csv.reader(lines)}
    text = (shared_data / "metadata" / "bbox_hierarchy.json").read_text(encoding="utf-8")
    described = DescribedHierarchy(Hierarchy.from_json(text, "bbox_hierarchy.json"), names)
    keys = [name_key(name) for name in names.values()]
    nodes = described.hierarchy.nodes
    once, more = ({node for node in nodes if keys.count(name_key(node)) in wanted} for wanted in ({1}, {2}))
    assert (len(nodes), len(once), len(more)) == (612, 494, 18)
    assert once <= described.label_ids.keys() <= once | more
    assert all(name_key(names[label_id]) == name_key(node) for node, label_id in described.label_ids.items())
