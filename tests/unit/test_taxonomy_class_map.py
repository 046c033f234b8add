from __future__ import annotations

import pytest

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.hierarchy_json import Edge
from imagelake.taxonomy.synsets import Synset

HEADER = "imagenet_index,imagenet_class,label,relation\n"
TEXT = HEADER + "1,bald eagle,Eagle,narrower\n0,lion,Lion,same\n2,volcano,,\n3,jay,Bird,narrower\n"
TREE = Hierarchy(
    "Entity",
    [
        Edge("Entity", "Animal", "subcategory"),
        Edge("Animal", "Lion", "subcategory"),
        Edge("Animal", "Bird", "subcategory"),
        Edge("Bird", "Eagle", "subcategory"),
        Edge("Animal", "Rhinoceros", "subcategory"),
    ],
)


def test_classes_are_found_by_index_in_any_order_of_lines() -> None:
    """The index column decides, not the place of the line; empty label means none."""
    classes = ClassMap.from_csv(TEXT, "map.csv")
    assert [known.name for known in classes.classes] == ["lion", "bald eagle", "volcano", "jay"]
    assert [known.label for known in classes.classes] == ["Lion", "Eagle", None, "Bird"]
    assert classes.labels == {"Lion", "Eagle", "Bird"}


def test_a_label_means_its_own_classes_and_those_of_its_descendants() -> None:
    """An eagle counts as an eagle, a bird and an animal; a jay not as an eagle; nothing as a rhinoceros."""
    classes = ClassMap.from_csv(TEXT, "map.csv")
    found = {label: classes.classes_of(label, TREE) for label in TREE.nodes}
    assert found == {
        "Entity": {0, 1, 3},
        "Animal": {0, 1, 3},
        "Lion": {0},
        "Bird": {1, 3},
        "Eagle": {1},
        "Rhinoceros": set(),
    }


def test_a_label_outside_the_hierarchy_means_its_own_classes_only() -> None:
    """A lake may have labels that no hierarchy knows, or no hierarchy at all."""
    classes = ClassMap.from_csv(TEXT + "4,agate,Stone,narrower\n", "map.csv")
    assert classes.classes_of("Stone", TREE) == {4}
    assert classes.classes_of("Bird") == {3}
    assert classes.classes_of("Tree", TREE) == frozenset()


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "map.csv line 1: no column imagenet_index, imagenet_class, label, relation in []"),
        (HEADER, "map.csv: no classes below the header"),
        (HEADER + "x,lion,Lion,same\n", "map.csv line 2: imagenet_index 'x' is not a whole number from 0"),
        (HEADER + "-1,lion,Lion,same\n", "map.csv line 2: imagenet_index '-1' is not a whole number"),
        (HEADER + "0,lion,Lion,same\n0,tiger,,\n", "map.csv line 3: imagenet_index 0 stands on line 2 already"),
        (HEADER + "0,lion,Lion,same\n1,Lion,,\n", "map.csv line 3: imagenet_class 'Lion' stands on line 2 already"),
        (HEADER + "0,lion,Lion,same\n3,owl,,\n", "map.csv: imagenet_index 1, 2 is missing; 0 to 3 must each stand"),
        (HEADER + "0,,Lion,same\n", "map.csv line 2: imagenet_class is empty"),
        (HEADER + "0,lion,Lion,equal\n", "line 2: relation 'equal' is not one of 'same', 'narrower' or empty"),
        (HEADER + "0,lion,Lion,\n", "line 2: label 'Lion' with relation '': either both are given or both are empty"),
        (HEADER + "0,lion,,same\n", "line 2: label '' with relation 'same': either both are given"),
        (HEADER + "0,lion,Lion\n", "map.csv line 2: 3 cells, the header has 4: '0,lion,Lion'"),
        (HEADER + '0,"lion,Lion,same\n', "map.csv line 2: not CSV"),
        (HEADER.replace("label", "lable"), "map.csv line 1: no column label in"),
    ],
)
def test_a_bad_map_is_refused_with_file_line_and_value(text: str, says: str) -> None:
    """Every mistake names where it stands, the value, and what would be right."""
    with pytest.raises(ImageLakeError) as caught:
        ClassMap.from_csv(text, "map.csv")
    assert says in str(caught.value)


def test_blank_lines_spaces_marks_and_further_columns_are_no_mistakes() -> None:
    """What spreadsheets add to a CSV changes nothing."""
    header, *lines = TEXT.splitlines()
    dressed = "\ufeff" + "\r\n".join(
        [f"{header},note", "", *(f" {line.replace(',', ' , ')},x" for line in lines), ",,,,"]
    )
    assert ClassMap.from_csv(dressed, "map.csv").classes == ClassMap.from_csv(TEXT, "map.csv").classes


def test_each_class_takes_one_synset() -> None:
    """Synsets are given in the order of the classes, and neither too few nor too many."""
    classes = ClassMap.from_csv(HEADER + "0,lion,Lion,same\n1,jay,,\n", "map.csv")
    synsets = (Synset("n02129165", ("lion", "Panthera leo")), Synset("n01580077", ("jay",)))
    assert [known.synset for known in classes.with_synsets(synsets).classes] == list(synsets)
    assert classes.with_synsets(synsets).labels == {"Lion"}
    with pytest.raises(ImageLakeError, match="1 synsets for 2 classes"):
        classes.with_synsets(synsets[:1])
