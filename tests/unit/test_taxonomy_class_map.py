from __future__ import annotations

import pytest

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.coverage import LabelCoverage, coverage
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.hierarchy_json import Edge
from imagelake.taxonomy.name_matching import NameMatcher
from imagelake.taxonomy.synonyms import Synonym, Synonyms

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
    assert [classes.class_name(i) for i in range(len(classes))] == ["lion", "bald eagle", "volcano", "jay"]
    assert [classes.label_of(i) for i in range(len(classes))] == ["Lion", "Eagle", None, "Bird"]
    assert classes.labels == {"Lion", "Eagle", "Bird"}


def test_a_label_means_its_own_classes_and_those_of_its_descendants() -> None:
    """An eagle counts as an eagle, a bird and an animal; a jay not as an eagle; nothing as a rhinoceros."""
    classes = ClassMap.from_csv(TEXT, "map.csv", TREE.nodes)
    found = {label: classes.classes_of(label, TREE) for label in TREE.nodes}
    assert found == {
        "Entity": {0, 1, 3},
        "Animal": {0, 1, 3},
        "Lion": {0},
        "Bird": {1, 3},
        "Eagle": {1},
        "Rhinoceros": set(),
    }
    assert classes.covers("Bird", TREE)
    assert not classes.covers("Rhinoceros", TREE)


def test_a_label_outside_the_hierarchy_means_its_own_classes_only() -> None:
    """A lake may have labels that no hierarchy knows, or no hierarchy at all."""
    classes = ClassMap.from_csv(TEXT + "4,agate,Stone,narrower\n", "map.csv")
    assert classes.classes_of("Stone", TREE) == {4}
    assert classes.classes_of("Bird") == {3}
    assert classes.classes_of("Tree", TREE) == frozenset()


def test_a_model_of_the_lakes_own_labels_maps_each_class_to_itself() -> None:
    """A list of names is a map of labels to themselves."""
    classes = ClassMap.from_names(["Lion", "Rhinoceros"])
    assert [(c.name, c.label, c.relation) for c in classes.classes] == [
        ("Lion", "Lion", "same"),
        ("Rhinoceros", "Rhinoceros", "same"),
    ]
    assert classes.covers("Rhinoceros", TREE)


@pytest.mark.parametrize(
    ("names", "says"), [([], "no class"), (["a", " "], "class 1 has no name"), (["a", "b", "a"], "'a' is repeated")]
)
def test_class_names_must_tell_classes_apart(names: list[str], says: str) -> None:
    """No name, an empty one or a repeated one is an error."""
    with pytest.raises(ImageLakeError, match=f"classes.txt: {says}; each output"):
        ClassMap.from_names(names, "classes.txt")


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
        (HEADER + "0,lion,Loin,same\n", "line 2: label 'Loin' is unknown; nearest of the 6 known: 'Lion'"),
        (HEADER + "0,lion,Lion\n", "map.csv line 2: 3 cells, the header has 4: '0,lion,Lion'"),
        (HEADER + '0,"lion,Lion,same\n', "map.csv line 2: not CSV"),
        (HEADER.replace("label", "lable"), "map.csv line 1: no column label in"),
    ],
)
def test_a_bad_map_is_refused_with_file_line_and_value(text: str, says: str) -> None:
    """Every mistake names where it stands, the value, and what would be right."""
    with pytest.raises(ImageLakeError) as caught:
        ClassMap.from_csv(text, "map.csv", TREE.nodes)
    assert says in str(caught.value)


def test_blank_lines_spaces_marks_and_further_columns_are_no_mistakes() -> None:
    """What spreadsheets add to a CSV changes nothing."""
    header, *lines = TEXT.splitlines()
    dressed = "\ufeff" + "\r\n".join(
        [f"{header},note", "", *(f" {line.replace(',', ' , ')},x" for line in lines), ",,,,"]
    )
    assert ClassMap.from_csv(dressed, "map.csv").digest == ClassMap.from_csv(TEXT, "map.csv").digest


def test_the_digest_tells_maps_apart() -> None:
    """Another label, name or relation is another digest; the order of lines is not."""
    variants = [
        TEXT,
        TEXT.replace("Eagle", "Bird"),
        TEXT.replace("jay", "crow"),
        TEXT.replace("Lion,same", "Lion,narrower"),
    ]
    digests = [ClassMap.from_csv(text, "map.csv").digest for text in variants]
    assert len(set(digests)) == len(variants)
    header, *lines = TEXT.splitlines()
    assert ClassMap.from_csv("\n".join([header, *reversed(lines)]), "other.csv").digest == digests[0]


@pytest.mark.parametrize("index", [-1, 4])
def test_an_output_that_the_model_lacks_is_an_error(index: int) -> None:
    """Weights with other outputs than the map are noticed, negative indices too."""
    classes = ClassMap.from_csv(TEXT, "map.csv")
    with pytest.raises(ImageLakeError, match=f"class {index} is not one of the 4 classes 0 to 3"):
        classes.class_name(index)


def test_coverage_has_a_row_a_label_in_order() -> None:
    """A label that no class means is not covered; the others list their classes in ascending order."""
    classes = ClassMap.from_csv(TEXT, "map.csv")
    assert coverage(["Rhinoceros", "Animal", "Volcano"], TREE, classes) == [
        LabelCoverage("Rhinoceros", False, ()),
        LabelCoverage("Animal", True, (0, 1, 3)),
        LabelCoverage("Volcano", True, (2,)),
    ]
    assert coverage([], TREE, classes) == []


def test_coverage_lists_classes_in_ascending_order() -> None:
    """Also where the order in which a set of numbers happens to come is another."""
    names = [f"jay {index}" for index in range(99)]
    lines = [
        f"{index},{name},{'Bird,narrower' if index in (1, 8, 64, 97) else ','}" for index, name in enumerate(names)
    ]
    classes = ClassMap.from_csv(HEADER + "\n".join(lines), "map.csv")
    assert coverage(["Bird"], TREE, classes) == [LabelCoverage("Bird", True, (1, 8, 64, 97))]


def test_coverage_sees_through_other_spellings_of_the_hierarchy() -> None:
    """A class mapped to one release's name of a label counts below the ancestors that the other release's name has."""
    renamed = TREE.renamed({"Eagle": "Eagle (Animal)"})
    classes = ClassMap.from_csv(TEXT, "map.csv")
    matcher = NameMatcher(Synonyms([Synonym("Eagle", "Eagle (Animal)", "same")]))
    assert coverage(["Bird", "Eagle (Animal)"], renamed, classes, matcher) == [
        LabelCoverage("Bird", True, (1, 3)),
        LabelCoverage("Eagle (Animal)", True, (1,)),
    ]
