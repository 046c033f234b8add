from __future__ import annotations

from pathlib import Path

import pytest
from taxonomy_headings import HEADINGS

from imagelake.config import conf_text
from imagelake.errors import ImageLakeError
from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.hierarchy import Hierarchy, read_parts
from imagelake.taxonomy.narrower_labels import ROOT, read_narrower_labels

TEDDY_BEAR = 850  # Open Images calls it a bear; narrower_labels.csv does not


def test_kinds_of_kinds_are_found() -> None:
    """Lines may come in any order, a label may be narrower than two others, one narrower than none is a category."""
    tree = read_narrower_labels(
        "label,narrower\nBird,Eagle; Owl;\nAnimal,Bird;Crab\nFood,Crab\n", "narrower_labels.csv"
    )
    assert tree.descendants("Animal") == {"Bird", "Eagle", "Owl", "Crab"}
    assert tree.parents("Crab") == {"Animal", "Food"}
    assert tree.categories() == ("Animal", "Food")


def test_no_lines_are_a_root_alone() -> None:
    """A header without lines knows no label."""
    assert read_narrower_labels("label,narrower\n", "narrower_labels.csv").nodes == (ROOT,)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (",Owl", "narrower_labels.csv line 2: a label and at least one narrower label"),
        ("Bird, ;", "narrower_labels.csv line 2: a label and at least one narrower label"),
        ("Bird,Owl\nBird,Eagle", "narrower_labels.csv line 3: label 'Bird' is there already"),
        ("A,B\nB,C\nC,B", "own ancestor: 'B' > 'C' > 'B'"),
        ("B,C\nC,B", "narrower_labels.csv: not reached from the root: 'B', 'C'"),
    ],
)
def test_bad_kinds_are_refused(lines: str, says: str) -> None:
    """Every mistake names its line or the labels at fault."""
    with pytest.raises(ImageLakeError) as caught:
        read_narrower_labels(f"label,narrower\n{lines}\n", "narrower_labels.csv")
    assert says in str(caught.value)


def test_the_shipped_kinds_give_each_label_the_classes_of_the_real_hierarchy(shared_data: Path) -> None:
    """Without Open Images at hand a label means the same classes, but for the teddy bear; every line is one of its."""
    parts = read_parts(conf_text("labels/hierarchy_parts.csv"), "hierarchy_parts.csv")
    text = (shared_data / "metadata" / "bbox_hierarchy.json").read_text()
    real = Hierarchy.from_json(text, "bbox_hierarchy.json", parts)
    ours = read_narrower_labels(conf_text("labels/narrower_labels.csv"), "narrower_labels.csv")
    imagenet = ClassMap.from_csv(conf_text("labels/imagenet_to_openimages.csv"), "imagenet_to_openimages.csv")
    for label in set(real.nodes) - HEADINGS:
        assert imagenet.classes_of(label, ours) ^ imagenet.classes_of(label, real) <= {TEDDY_BEAR}, label
    assert {(edge.parent, edge.child) for edge in ours.edges if edge.parent != ROOT} <= {
        (edge.parent, edge.child) for edge in real.edges
    }
