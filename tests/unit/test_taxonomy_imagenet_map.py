"""The map from ImageNet to Open Images, and the names that real folders have."""

from __future__ import annotations

from pathlib import Path

import pytest
from taxonomy_headings import HEADINGS

from imagelake.config import conf_text
from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.class_names import NameIndex
from imagelake.taxonomy.hierarchy import Hierarchy, read_parts
from imagelake.taxonomy.name_matching import NameMatcher
from imagelake.taxonomy.names import name_key
from imagelake.taxonomy.synonyms import Synonyms

# Class names that are none of the comma-separated names of the weights' own list, with the one that they stand for.
OWN_WORDING = {
    87: "African grey",
    334: "porcupine",
    458: "memorial tablet",
    767: "rubber eraser",
    800: "one-armed bandit",
    913: "wreck",
}
# What V5 to V7 of Open Images call labels that the names-only hierarchy calls otherwise.
LATER_NAMES = {
    "Aerial vehicle": "Aircraft",
    "Drill": "Drill (Tool)",
    "Horn": "French horn",
    "Jaguar": "Jaguar (Animal)",
    "Lady bug": "Ladybug",
    "Luggage & bags": "Luggage and bags",
    "Nail": "Nail (Construction)",
    "Organ": "Organ (Musical Instrument)",
    "Pitcher": "Pitcher (Container)",
    "Reptile & Amphibian": "Reptile",
    "Squash": "Squash (Plant)",
    "studio couch": "Studio couch",
    "Volleyball": "Volleyball (Ball)",
}
# What the 19 folders of animals give without a label map: the label, and the classes.
ANIMAL_FOLDERS: dict[str, tuple[str | None, set[int]]] = {
    "Leopards": ("Leopard", {288}),
    "elephant": ("Elephant", {101, 385, 386}),
    "rhino": ("Rhinoceros", set()),
    "flamingo": (None, {130}),
    "kangaroo": ("Kangaroo", {104}),
    "llama": (None, {355}),
    "panda": ("Panda", {388}),
    "emu": (None, set()),
    "ibis": (None, set()),
    "pigeon": (None, set()),
    "rooster": (None, {7}),
    "okapi": (None, set()),
    "dalmatian": (None, {251}),
    "cougar_face": (None, set()),
    "crocodile": ("Crocodile", {49}),
    "hedgehog": ("Hedgehog", {334}),
    "beaver": (None, {337}),
    "wild_cat": (None, set()),
    "platypus": (None, {103}),
}


@pytest.fixture(scope="module")
def imagenet() -> ClassMap:
    """The map as shipped."""
    return ClassMap.from_csv(conf_text("labels/imagenet_to_openimages.csv"), "imagenet_to_openimages.csv")


@pytest.fixture(scope="module")
def matcher() -> NameMatcher:
    """The synonyms as shipped."""
    return NameMatcher(Synonyms.from_csv(conf_text("labels/synonyms.csv"), "synonyms.csv"))


@pytest.fixture(scope="module")
def boxable(shared_data: Path) -> Hierarchy:
    """The real hierarchy of names."""
    parts = read_parts(conf_text("labels/hierarchy_parts.csv"), "hierarchy_parts.csv")
    return Hierarchy.from_json((shared_data / "metadata" / "bbox_hierarchy.json").read_text(), "bbox_hierarchy", parts)


def class_index(imagenet: ClassMap, name: str) -> int:
    """The output that has a class name."""
    return [c.name for c in imagenet.classes].index(name)


def test_the_map_has_all_thousand_classes(imagenet: ClassMap) -> None:
    """1,000 classes with names that differ even without case and separators; the lookalikes are told apart."""
    assert len(imagenet) == len({name_key(c.name) for c in imagenet.classes}) == 1000
    assert [imagenet.classes[i].name for i in (134, 517)] == ["crane (bird)", "crane (machine)"]
    assert [imagenet.classes[i].name for i in (638, 639)] == ["maillot (tights)", "maillot (tank suit)"]


def test_classes_stand_in_the_order_of_the_weights(imagenet: ClassMap, shared_data: Path) -> None:
    """Each name is one of the names that the weights' own list gives to that output; its first line is background."""
    lines = (shared_data / "weights" / "imagenet_labels.txt").read_text().splitlines()[1:]
    assert len(lines) == 1000
    for index, line in enumerate(lines):
        name = OWN_WORDING.get(index, imagenet.classes[index].name.partition(" (")[0])
        assert name.casefold() in [known.strip().casefold() for known in line.split(",")], (index, name, line)


def test_every_label_is_boxable_and_a_kind_of_thing(imagenet: ClassMap, boxable: Hierarchy) -> None:
    """Labels are names of the hierarchy, and none of them is a mere heading."""
    assert imagenet.labels <= set(boxable.nodes)
    assert not imagenet.labels & HEADINGS


def test_a_class_with_a_labels_name_has_that_label(imagenet: ClassMap, boxable: Hierarchy) -> None:
    """Where a class and a label are called the same they are the same; homonyms are told apart by the class's name."""
    for model_class in imagenet.classes:
        for label in boxable.nodes:
            if name_key(model_class.name) == name_key(label):
                assert (model_class.label, model_class.relation) == (label, "same")


def test_different_labels_and_classes_are_not_the_same_name(imagenet: ClassMap, boxable: Hierarchy) -> None:
    """Looking through number confuses no two labels and no two classes, but for the two classes of sunglasses."""
    for names in (boxable.nodes, [c.name for c in imagenet.classes]):
        index = NameIndex(names)
        alike = {(min(a, b), max(a, b)) for a in names for b in index.by_number(a) if a != b}
        assert alike <= {("sunglass", "sunglasses")}


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("dalmatian", "Dog"),
        ("great white shark", "Shark"),
        ("tench", "Fish"),
        ("African elephant", "Elephant"),
        ("macaw", "Parrot"),
        ("bald eagle", "Eagle"),
        ("drake", "Duck"),
        ("American egret", "Bird"),
        ("crane (bird)", "Bird"),
        ("kite (bird)", "Bird"),
        ("prairie chicken", "Bird"),
        ("bullfrog", "Frog"),
        ("sea lion", "Sea lion"),
        ("hippopotamus", "Hippopotamus"),
        ("guinea pig", "Mammal"),
        ("warthog", "Mammal"),
        ("ring-tailed lemur", "Mammal"),
        ("gorilla", "Mammal"),
        ("polecat", "Carnivore"),
        ("timber wolf", "Carnivore"),
        ("snow leopard", "Carnivore"),
        ("jaguar", "Jaguar"),
        ("tiger cat", "Cat"),
        ("tiger beetle", "Beetle"),
        ("rhinoceros beetle", "Beetle"),
        ("spider monkey", "Monkey"),
        ("spider web", None),
        ("American alligator", "Reptile & Amphibian"),
        ("axolotl", "Reptile & Amphibian"),
        ("anemone fish", "Fish"),
        ("sea anemone", "Marine invertebrates"),
        ("coral fungus", "Mushroom"),
        ("coral reef", None),
        ("catamaran", "Boat"),
        ("hot dog", "Hot dog"),
        ("chainsaw", "Chainsaw"),
        ("Dutch oven", "Kitchenware"),
        ("horse cart", "Cart"),
        ("carpenter's plane", "Tool"),
        ("warplane", "Airplane"),
        ("bow (weapon)", "Bow and arrow"),
        ("bow tie", "Tie"),
        ("drumstick", None),
        ("steel drum", "Musical instrument"),
        ("typewriter keyboard", None),
        ("computer mouse", "Electronic device"),
        ("mousetrap", None),
        ("Christmas stocking", None),
        ("crane (machine)", None),
        ("volcano", None),
    ],
)
def test_known_classes_have_the_right_label(imagenet: ClassMap, name: str, label: str | None) -> None:
    """Facts of zoology and of the workshop, most of them traps for matching by a part of a name."""
    assert imagenet.classes[class_index(imagenet, name)].label == label


def test_no_class_means_a_rhinoceros(imagenet: ClassMap, boxable: Hierarchy, matcher: NameMatcher) -> None:
    """The one animal of the reference question that ImageNet lacks stays uncovered, by map and by name."""
    assert not imagenet.classes_of("Rhinoceros", boxable)
    assert not matcher.match_classes("Rhinoceros", imagenet, boxable)
    assert matcher.match_classes("Lion", imagenet, boxable)


def test_runs_of_related_classes_have_one_label(imagenet: ClassMap, boxable: Hierarchy) -> None:
    """ImageNet keeps related classes together: all its breeds are dogs, and nothing else is."""
    assert imagenet.classes_of("Dog", boxable) == set(range(151, 269))
    assert imagenet.classes_of("Snake", boxable) == set(range(52, 69))
    assert imagenet.classes_of("Lizard", boxable) == set(range(38, 49))
    assert imagenet.classes_of("Monkey", boxable) == set(range(370, 383))
    assert imagenet.classes_of("Butterfly", boxable) == set(range(321, 327))
    assert imagenet.classes_of("Turtle", boxable) == set(range(33, 38))
    assert imagenet.classes_of("Bird", boxable) == {*range(7, 25), *range(80, 101), *range(127, 147)}
    assert imagenet.classes_of("Animal", boxable) == {*range(398), 850}  # Open Images calls a teddy bear a bear


def test_parts_of_vehicles_are_no_vehicles(imagenet: ClassMap, boxable: Hierarchy) -> None:
    """With the list of parts a wheel answers for Wheel and not for Vehicle."""
    wheel = class_index(imagenet, "car wheel")
    assert wheel in imagenet.classes_of("Wheel", boxable)
    assert wheel not in imagenet.classes_of("Vehicle", boxable)
    assert class_index(imagenet, "taxi") in imagenet.classes_of("Vehicle", boxable)


def test_names_add_to_the_map_only_where_a_class_is_two_things(
    imagenet: ClassMap, boxable: Hierarchy, matcher: NameMatcher
) -> None:
    """For every other boxable label the classes by name are among those of the map."""
    more = {
        label: {imagenet.classes[i].name for i in matcher.match_classes(label, imagenet, boxable)}
        for label in boxable.nodes
        if matcher.match_classes(label, imagenet, boxable) != imagenet.classes_of(label, boxable)
    }
    assert more == {"Porcupine": {"porcupine or hedgehog"}, "Hedgehog": {"porcupine or hedgehog"}}


def test_the_map_is_already_in_the_vocabulary_of_the_hierarchy(
    imagenet: ClassMap, boxable: Hierarchy, matcher: NameMatcher
) -> None:
    """Spelling labels as the hierarchy does changes none, but for classes that had no label."""
    assert matcher.in_vocabulary(imagenet, boxable.nodes).classes == imagenet.classes


def test_the_map_follows_the_names_of_later_releases(
    imagenet: ClassMap, boxable: Hierarchy, matcher: NameMatcher
) -> None:
    """With the names of V5 to V7 every label is found under its later name, and Computer mouse gets its class."""
    merged_away = {"Electronic device", "Buiding part"}
    later = {LATER_NAMES.get(name, name) for name in boxable.nodes} - merged_away | {"Computer mouse"}
    here = matcher.in_vocabulary(imagenet, later)
    for before, after in zip(imagenet.classes, here.classes, strict=True):
        if before.label not in merged_away:
            assert after.label == (before.label and LATER_NAMES.get(before.label, before.label))
    assert here.classes[673].label == "Computer mouse"
    renamed = boxable.renamed(LATER_NAMES)
    assert matcher.match_classes("Reptile", here, renamed) == imagenet.classes_of("Reptile & Amphibian", boxable)


def test_synonyms_join_no_two_labels_and_no_two_meanings(imagenet: ClassMap, boxable: Hierarchy) -> None:
    """Every word of the table leads to a label or class, and adds something to looking through case and number."""
    table = Synonyms.from_csv(conf_text("labels/synonyms.csv"), "synonyms.csv")
    labels, classes = ({name_key(n): n for n in names} for names in (boxable.nodes, (c.name for c in imagenet.classes)))
    for row in table.rows:
        assert not NameIndex([row.name]).by_number(row.synonym), row
        if row.relation == "same":
            group = table.names_for(row.synonym)
            meanings = {imagenet.classes[class_index(imagenet, classes[key])].label for key in group & classes.keys()}
            assert group & (labels.keys() | classes.keys()), row
            assert len(group & labels.keys()) <= 1, row
            assert len(meanings) <= 1, row
        else:
            assert name_key(row.name) in classes, row
            assert row.relation == "broader" or name_key(row.synonym) not in labels, row


@pytest.mark.parametrize("folder", ANIMAL_FOLDERS)
def test_animal_folders_are_matched_without_a_label_map(
    imagenet: ClassMap, boxable: Hierarchy, matcher: NameMatcher, folder: str
) -> None:
    """The label and the classes of each of the 19 folders; six animals that ImageNet lacks have none."""
    label = matcher.match_label(folder, boxable.nodes)
    assert (label, set(matcher.match_classes(label or folder, imagenet, boxable))) == ANIMAL_FOLDERS[folder]


def test_the_animal_folders_are_those_of_the_photos(shared_data: Path) -> None:
    """The expectations above speak of the folders that are really there."""
    folders = {entry.name for entry in (shared_data / "photos" / "caltech101_animals").iterdir() if entry.is_dir()}
    assert folders == ANIMAL_FOLDERS.keys()


@pytest.mark.parametrize(
    ("folder", "label"),
    [
        ("wolves", None),
        ("geese", "Goose"),
        ("mice", "Mouse"),
        ("butterflies", "Butterfly"),
        ("foxes", "Fox"),
        ("buses", "Bus"),
        ("bus", "Bus"),
        ("glass", None),
        ("glasses", "Glasses"),
        ("hot_dogs", "Hot dog"),
        ("HotDog", "Hot dog"),
        ("giant_panda", "Panda"),
        ("lesser-pandas", "Red panda"),
        ("hippo", "Hippopotamus"),
        ("aeroplanes", "Airplane"),
        ("sofa", "Couch"),
        ("pants", "Trousers"),
        ("ladybirds", "Lady bug"),
        ("roller_skate", "Roller skates"),
        ("brass", None),
        ("polar", None),
        ("cats_and_dogs", None),
    ],
)
def test_everyday_folder_names_find_their_label(
    boxable: Hierarchy, matcher: NameMatcher, folder: str, label: str | None
) -> None:
    """Plurals, separators and synonyms as people write them."""
    assert matcher.match_label(folder, boxable.nodes) == label
