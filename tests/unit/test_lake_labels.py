"""The labels of a lake: several ids of one name, what is narrower, the nearest names, and what a class means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagelake.taxonomy.lake_labels import HierarchyEdge, LakeLabels, narrowest_labels
from imagelake.taxonomy.synonyms import Synonym, Synonyms

EDGES = [
    HierarchyEdge("/root", "Entity", None, "subcategory"),
    HierarchyEdge("/bird", "Bird", "/root", "subcategory"),
    HierarchyEdge("/eagle", "Eagle", "/bird", "subcategory"),
    HierarchyEdge("/beak", "Beak", "/bird", "part"),
    HierarchyEdge("/golden", None, "/eagle", "subcategory"),
]
LABELS = LakeLabels({"/eagle": "Eagle", "/eagle2": "Eagle", "/noname": None, "/dog": "Dog"}, EDGES)


def test_a_name_stands_for_all_of_its_ids() -> None:
    """Ids that images or the hierarchy have count together; a label without a name is called by its id."""
    assert LABELS.ids("Eagle") == {"/eagle", "/eagle2"}
    assert LABELS.ids("/noname") == {"/noname"}
    assert LABELS.ids("Cat") == frozenset()
    assert "Bird" in LABELS
    assert "Cat" not in LABELS
    assert len(LABELS) == 7


def test_narrower_labels_are_kinds_at_any_distance() -> None:
    """A bird is an eagle of either id, or what is below it; never its beak."""
    assert LABELS.ids_and_narrower("Bird") == {"/bird", "/eagle", "/golden"}
    assert LABELS.ids_and_narrower("Eagle") == {"/eagle", "/eagle2", "/golden"}
    assert LABELS.ids_and_narrower("Dog") == {"/dog"}
    assert LakeLabels({"/dog": "Dog"}).ids_and_narrower("Dog") == {"/dog"}


@pytest.mark.parametrize(
    ("word", "label"),
    [
        ("Eagle", "Eagle"),
        ("EAGLE", "Eagle"),
        ("eagles", "Eagle"),
        (" éagle_", "Eagle"),
        ("/eagle2", "Eagle"),
        ("/golden", "/golden"),
        ("hound", "Dog"),
        ("hounds", "Dog"),
        ("cat", None),
        ("eag", None),
        ("", None),
    ],
)
def test_a_word_finds_its_label(word: str, label: str | None) -> None:
    """Case, accents, separators, number, an identifier and a synonym are forgiven; part of a name is no name."""
    labels = LakeLabels(
        {"/eagle": "Eagle", "/eagle2": "Eagle", "/dog": "Dog"}, EDGES, Synonyms([Synonym("Dog", "hound", "same")])
    )
    assert labels.find(word) == label


def test_two_labels_that_are_equally_near_are_not_guessed() -> None:
    """Each is found by its own spelling, a third spelling finds neither."""
    labels = LakeLabels({"/1": "Hot dog", "/2": "Hotdog"})
    assert labels.find("Hot dog") == "Hot dog"
    assert labels.find("Hotdog") == "Hotdog"
    assert labels.find("HOT DOG") is None


def test_labels_with_images_are_told_from_those_of_the_hierarchy() -> None:
    """A label of the hierarchy alone is known and has no image."""
    assert [name for name in ("Eagle", "Dog", "/noname", "Bird", "Cat") if LABELS.has_images(name)] == [
        "Eagle",
        "Dog",
        "/noname",
    ]


def test_the_nearest_names_are_suggested() -> None:
    """Capital letters make no difference; what is like no name has no suggestion."""
    assert LABELS.nearest("eagel") == ("Eagle",)
    assert LABELS.nearest("BIRDS") == ("Bird",)
    assert LABELS.nearest("xyz") == ()
    assert LakeLabels({"/lion": "Lion"}, [HierarchyEdge("/lynx", "Lynx", None, "subcategory")]).nearest("lyon") == (
        "Lion",
        "Lynx",
    )


def test_a_class_means_the_narrowest_label() -> None:
    """The label that fewest classes count as; of equally narrow ones the first by name; none where none has it."""
    classes = {"Animal": {1, 2, 3}, "Dog": {1, 2}, "Canine": {1, 2}, "Poodle": {1}, "Car": set[int]()}
    assert narrowest_labels(classes) == {1: "Poodle", 2: "Canine", 3: "Animal"}
    assert narrowest_labels({"Animal": {1, 2, 3}}) == dict.fromkeys((1, 2, 3), "Animal")


@given(st.dictionaries(st.text("abcd", min_size=1, max_size=3), st.frozensets(st.integers(0, 6))))
def test_the_narrowest_label_is_that_of_brute_force(classes: dict[str, frozenset[int]]) -> None:
    """Whatever the labels, as sorting all labels of each class says."""
    every = frozenset().union(*classes.values())
    expected = {c: min((len(own), label) for label, own in classes.items() if c in own)[1] for c in every}
    assert narrowest_labels(classes) == expected
