from __future__ import annotations

import pytest

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.hierarchy_json import Edge
from imagelake.taxonomy.name_matching import NameMatcher
from imagelake.taxonomy.synonyms import Synonyms

SYNONYMS = Synonyms.from_csv(
    "name,synonym,relation\n"
    "cougar,puma,same\n"
    "cougar,mountain lion,same\n"
    "Rhinoceros,rhino,same\n"
    "Jaguar,Jaguar (Animal),same\n"
    "timber wolf,wolf,narrower\n"
    "white wolf,wolf,narrower\n"
    "porcupine or hedgehog,hedgehog,broader\n",
    "synonyms.csv",
)
CLASSES = ClassMap.from_csv(
    "imagenet_index,imagenet_class,label,relation\n"
    "0,cougar,Carnivore,narrower\n"
    "1,jaguar,Jaguar,same\n"
    "2,timber wolf,Carnivore,narrower\n"
    "3,white wolf,Carnivore,narrower\n"
    "4,porcupine or hedgehog,Mammal,narrower\n"
    "5,rhinoceros beetle,Beetle,narrower\n"
    "6,volcano,,\n"
    "7,computer mouse,Electronic device,narrower\n",
    "map.csv",
)
TREE = Hierarchy(
    "Entity",
    [
        Edge("Entity", "Mammal", "subcategory"),
        Edge("Mammal", "Carnivore", "subcategory"),
        Edge("Carnivore", "Jaguar", "subcategory"),
        Edge("Mammal", "Rhinoceros", "subcategory"),
        Edge("Entity", "Beetle", "subcategory"),
    ],
)
MATCHER = NameMatcher(SYNONYMS)


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        ("Rhinoceros", "Rhinoceros"),
        ("rhino", "Rhinoceros"),
        ("Rhinos", "Rhinoceros"),
        ("BEETLES", "Beetle"),
        ("jaguar_animal", "Jaguar"),
        ("rhinoceros beetle", None),
        ("beetle_bug", None),
        ("cougar", None),
        ("", None),
        ("___", None),
    ],
)
def test_a_folder_is_matched_by_its_whole_name(folder: str, label: str | None) -> None:
    """Case, number and synonyms are looked through; a part of a name is no match."""
    assert MATCHER.match_label(folder, TREE.nodes) == label


def test_the_nearest_spelling_wins() -> None:
    """The exact name goes before another case, that before another number, that before a synonym."""
    assert MATCHER.match_label("pumas", ["Puma", "Pumas", "pumas"]) == "pumas"
    assert MATCHER.match_label("pumas", ["Puma", "Pumas", "Cougar"]) == "Pumas"
    assert MATCHER.match_label("pumas", ["Puma", "Cougar"]) == "Puma"
    assert MATCHER.match_label("pumas", ["Tiger", "Cougar"]) == "Cougar"


def test_equally_near_labels_are_no_answer() -> None:
    """A folder that could be either of two labels is neither."""
    assert MATCHER.match_label("PUMA", ["Puma", "puma"]) is None
    assert MATCHER.match_label("puma", ["Cougar", "Mountain Lion"]) is None


def test_no_label_matches_where_none_is_known() -> None:
    """An empty vocabulary gives no answer."""
    assert MATCHER.match_label("puma", []) is None


def test_names_without_a_letter_are_not_alike() -> None:
    """What is left of punctuation is nothing, and nothing matches nothing."""
    assert MATCHER.match_label("---", ["***", "Puma"]) is None
    assert MATCHER.match_label("***", ["***", "Puma"]) == "***"


@pytest.mark.parametrize(
    ("label", "classes"),
    [
        ("Carnivore", {0, 1, 2, 3}),
        ("carnivores", {0, 1, 2, 3}),
        ("Mammal", {0, 1, 2, 3, 4}),
        ("pumas", {0}),
        ("mountain_lion", {0}),
        ("wolves", {2, 3}),
        ("timber wolves", {2}),
        ("Hedgehog", {4}),
        ("Rhinoceros", set()),
        ("rhino", set()),
        ("cougar_face", set()),
        ("wild_cat", set()),
        ("mouse", set()),
        ("volcanos", {6}),
        ("Entity", {0, 1, 2, 3, 4, 5}),
        ("", set()),
    ],
)
def test_classes_are_those_of_the_name_and_of_the_map(label: str, classes: set[int]) -> None:
    """A class of that name, a synonym's, and what the map gives to the label and those below it; no part of a name."""
    assert MATCHER.match_classes(label, CLASSES, TREE) == classes


def test_without_a_hierarchy_a_label_has_no_descendants() -> None:
    """Only the classes mapped to the very label, and those of its name, are found."""
    assert MATCHER.match_classes("Mammal", CLASSES) == {4}
    assert MATCHER.match_classes("Jaguar", CLASSES) == {1}


def test_without_synonyms_names_still_match() -> None:
    """The table adds words; case and number need none."""
    bare = NameMatcher()
    assert bare.match_label("JAGUARS", TREE.nodes) == "Jaguar"
    assert bare.match_label("rhino", TREE.nodes) is None
    assert bare.match_classes("puma", CLASSES) == frozenset()


def test_a_map_takes_on_the_spellings_of_a_lake() -> None:
    """A renamed label is renamed; an unknown one gives way to the class's own name if that is a label, else stays."""
    here = MATCHER.in_vocabulary(CLASSES, ["Jaguar (Animal)", "Carnivore", "Computer mouse", "Volcano", "Mouse"])
    changed = {c.name: (c.label, c.relation) for c in here.classes if c not in CLASSES.classes}
    assert changed == {
        "jaguar": ("Jaguar (Animal)", "same"),
        "volcano": ("Volcano", "same"),
        "computer mouse": ("Computer mouse", "same"),
    }


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("cougar,,same", "synonyms.csv line 2: synonym is empty"),
        (",puma,same", "synonyms.csv line 2: name is empty"),
        ("cougar,puma,equal", "line 2: relation 'equal' is not one of 'same', 'narrower', 'broader'"),
        (
            "cougar,puma,same\nshoe,Pumas,same\nshoe,PUMA,same",
            "line 4: synonym 'PUMA' stands on line 2 already, for 'coug",
        ),
        ("a,wolf,narrower\na,Wolf,broader", "line 3: synonym 'Wolf' stands on line 2 already, for 'a'"),
    ],
)
def test_a_bad_table_of_synonyms_is_refused(lines: str, says: str) -> None:
    """Every mistake names its line; a word cannot be the same as two names."""
    with pytest.raises(ImageLakeError) as caught:
        Synonyms.from_csv(f"name,synonym,relation\n{lines}\n", "synonyms.csv")
    assert says in str(caught.value)


def test_names_are_the_same_in_either_direction_and_through_each_other() -> None:
    """Words joined by same are one group, whichever of them is asked."""
    for word in ("cougar", "Pumas", "mountain_lions"):
        assert SYNONYMS.names_for(word) == {"cougar", "puma", "mountainlion"}
    assert SYNONYMS.names_for("wolf") == frozenset()
