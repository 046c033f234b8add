"""The thousand synsets of ImageNet: where each stands, and that each of its names finds its class and no other."""

from __future__ import annotations

import json
from collections import defaultdict
from pathlib import Path

import pytest

from imagelake.config import conf_text
from imagelake.errors import ImageLakeError
from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.folder_names import FolderNames
from imagelake.taxonomy.label_map import FolderLabel, LabelMap
from imagelake.taxonomy.name_matching import ClassMatch, NameMatcher
from imagelake.taxonomy.names import name_key
from imagelake.taxonomy.narrower_labels import read_narrower_labels
from imagelake.taxonomy.synonyms import Synonyms
from imagelake.taxonomy.synsets import Synset, read_synsets

HEADER = "imagenet_index,wnid,lemmas\n"
SYNSETS = read_synsets(conf_text("labels/imagenet_synsets.csv"), "imagenet_synsets.csv")
IMAGENET = ClassMap.from_csv(conf_text("labels/imagenet_to_openimages.csv"), "imagenet_to_openimages.csv").with_synsets(
    SYNSETS
)
INDEX = {synset.wnid: index for index, synset in enumerate(SYNSETS)}
# Names that several synsets have in WordNet and that no label of Open Images tells apart.
SHARED = {
    "cardigan",
    "catamount",
    "crane",
    "crawfish",
    "crayfish",
    "gong",
    "grasssnake",
    "maillot",
    "panther",
    "partridge",
    "polecat",
    "sandviper",
    "susscrofa",
    "tub",
    "wagon",
}
# Names that several synsets have, but that are labels of Open Images, which the class map gives to one of the classes.
LABELS = {"panda": "giant panda", "harp": "harp", "horn": "French horn", "missile": "missile"}
# Names of one synset that mean something else, too: by a label of Open Images, and by the table of synonyms.
OTHERWISE = {"plane", "husky"}


def folder_names(*listed: FolderLabel) -> FolderNames:
    """What folders mean with ImageNet's classes, and a label map of these lines."""
    matcher = NameMatcher(Synonyms.from_csv(conf_text("labels/synonyms.csv"), "synonyms.csv"))
    return FolderNames(
        IMAGENET,
        LabelMap(listed),
        matcher,
        read_narrower_labels(conf_text("labels/narrower_labels.csv"), "narrower_labels.csv"),
    )


NAMES = folder_names()


def matched(folder: str) -> ClassMatch:
    """What a folder matches."""
    return NAMES.meaning(folder).match


def one(index: int) -> ClassMatch:
    """Exactly this class."""
    return ClassMatch(frozenset({index}))


def test_the_synsets_are_those_of_the_weights_in_their_order(shared_data: Path) -> None:
    """Lemmas line by line as in the list that came with the weights, whose first line is background."""
    lines = (shared_data / "weights" / "imagenet_labels.txt").read_text().splitlines()[1:]
    assert [", ".join(synset.lemmas) for synset in SYNSETS] == lines


def test_the_wnids_are_those_of_the_benchmark(shared_data: Path) -> None:
    """Number, wnid and lemmas agree with ImageNetV2's own list of classes."""
    listed = json.loads((shared_data / "shift" / "class_info.json").read_text())
    assert {entry["cid"]: Synset(entry["wnid"], tuple(entry["synset"])) for entry in listed} == dict(enumerate(SYNSETS))


def test_classes_stand_in_the_order_of_their_wnids() -> None:
    """Keras, torchvision and the challenge itself number the classes so."""
    assert len(SYNSETS) == len(INDEX) == len(IMAGENET) == 1000
    assert [synset.wnid for synset in SYNSETS] == sorted(INDEX)


def bearers() -> dict[str, set[int]]:
    """The classes of each lemma, by its key."""
    found: dict[str, set[int]] = defaultdict(set)
    for index, synset in enumerate(SYNSETS):
        for lemma in synset.lemmas:
            found[name_key(lemma)].add(index)
    return found


def test_a_lemma_of_one_class_covers_exactly_that_class() -> None:
    """As written, in capitals, and with underscores, for all lemmas of all classes but two words of other meanings."""
    borne = bearers()
    for index, synset in enumerate(SYNSETS):
        for lemma in synset.lemmas:
            if borne[name_key(lemma)] == {index} and lemma not in OTHERWISE:
                for folder in (lemma, lemma.upper(), lemma.replace(" ", "_"), lemma.replace(" ", "-").lower()):
                    assert matched(folder) == one(index), folder


def test_a_lemma_of_several_classes_is_ambiguous_with_its_choices() -> None:
    """Unless it is a label whose class the class map knows: Panda is the giant one beside Red panda."""
    shared = {key: classes for key, classes in bearers().items() if len(classes) > 1}
    assert shared.keys() == SHARED | LABELS.keys()
    for key, classes in shared.items():
        if key in LABELS:
            assert matched(key) == one([c.name for c in IMAGENET.classes].index(LABELS[key]))
        else:
            choices = tuple(f"{IMAGENET.classes[i].name} ({SYNSETS[i].wnid})" for i in sorted(classes))
            assert matched(key) == ClassMatch(choices=choices)


def test_a_wnid_covers_exactly_its_class_and_has_a_readable_label() -> None:
    """All thousand, alone and beside a name of the class; the label means the same class as the folder."""
    labels = set()
    for index, (wnid, lemmas) in enumerate(SYNSETS):
        for folder in (wnid, wnid.upper(), f"{wnid}-{lemmas[0].replace(' ', '_')}", f"{lemmas[-1]}_{wnid}"):
            folder_, label, match = NAMES.meaning(folder)
            assert (folder_, match) == (folder, one(index))
            assert NAMES.match(label) == one(index)
            labels.add(label)
    assert len(labels) == 1000
    assert not {label for label in labels if label.startswith("n0")}
    assert NAMES.meaning("n02110341").label == "dalmatian"
    assert NAMES.meaning("n02129165").label == "Lion"
    assert NAMES.meaning("n04493381").label == "tub (n04493381)"


def test_every_class_of_the_list_is_found_by_the_lists_own_name_or_named_as_a_choice() -> None:
    """The readable names of our list are names, too; those that another class bears as a lemma are ambiguous."""
    for index, known in enumerate(IMAGENET.classes):
        match = matched(known.name)
        assert match == one(index) or f"{known.name} ({SYNSETS[index].wnid})" in match.choices


@pytest.mark.parametrize(
    ("folder", "wnid"),
    [
        ("Newfoundland", "n02111277"),
        ("English_springer", "n02102040"),
        ("Boston_bull", "n02096585"),
        ("Dandie_Dinmont", "n02096437"),
        ("Lhasa", "n02098413"),
        ("cairn", "n02096177"),
        ("boxer", "n02108089"),
        ("admiral", "n02276258"),
        ("ringlet", "n02277742"),
        ("cricket", "n02229544"),
        ("beach_wagon", "n02814533"),
        ("pickup", "n03930630"),
        ("washer", "n04554684"),
        ("iron", "n03584829"),
        ("switch", "n04372370"),
        ("pot", "n03991062"),
        ("screen", "n04152593"),
        ("file", "n03337140"),
        ("sorrel", "n02389026"),
        ("mortar", "n03786901"),
        ("Mexican hairless", "n02113978"),
        ("grand_pianos", "n03452741"),
        ("maillot n03710721", "n03710721"),
        ("crane_n02012849", "n02012849"),
        ("n02113186-Cardigan", "n02113186"),
        ("rhinoceros_beetle", "n02174001"),
        ("rhinoceros", None),
        ("beetle rhinoceros", None),
        ("boxers and dogs", None),
        ("wild_cat", None),
        ("n99999999", None),
        ("n0211034", None),
        ("n021103410", None),
        ("n02110341-crane", None),
        ("my n02110341 photos", None),
    ],
)
def test_names_that_people_use(folder: str, wnid: str | None) -> None:
    """ImageNet's own folder names, number, a wnid beside a name; a part of a name, and a wrong one, match nothing."""
    assert matched(folder) == (one(INDEX[wnid]) if wnid else ClassMatch())


def test_a_word_of_two_meanings_is_told_with_both() -> None:
    """A plane is an Airplane in Open Images and a carpenter's tool in ImageNet; a husky either of two breeds."""
    assert matched("plane") == ClassMatch(choices=("the label Airplane", "carpenter's plane (n03954731)"))
    assert {SYNSETS[index].wnid for index in matched("husky").classes} == {"n02109961", "n02110185"}


def test_labels_without_a_class_of_their_name_mean_what_is_below_them() -> None:
    """A folder of dogs means all 118 breeds, as before."""
    assert matched("dogs").classes == frozenset(range(151, 269))


def test_the_animal_folders_are_matched_as_by_their_label_map() -> None:
    """Of the 19 folders of photos those that have a class have the right ones; the trap of the beetle stays shut."""
    wanted = {"Leopards": {288}, "elephant": {101, 385, 386}, "flamingo": {130}, "kangaroo": {104}, "llama": {355}}
    wanted |= {
        "panda": {388},
        "rooster": {7},
        "dalmatian": {251},
        "crocodile": {49},
        "hedgehog": {334},
        "beaver": {337},
    }
    wanted |= {"platypus": {103}}
    wanted |= {name: set() for name in ("rhino", "ibis", "emu", "okapi", "pigeon", "wild_cat", "cougar_face")}
    assert {folder: matched(folder) for folder in wanted} == {
        folder: ClassMatch(frozenset(classes)) for folder, classes in wanted.items()
    }


def test_folders_have_the_labels_name_where_both_mean_the_same() -> None:
    """A label is a better name than that of a folder, unless it means other classes."""
    labels = {folder: NAMES.meaning(folder).label for folder in ("hog", "lions", "sunglass", "cask", "crane", "okapi")}
    assert labels == {
        "hog": "Pig",
        "lions": "Lion",
        "sunglass": "sunglass",
        "cask": "Barrel",
        "crane": "crane",
        "okapi": "okapi",
    }


def test_the_label_map_goes_before_the_name() -> None:
    """What it lists has its label and classes, also where the name alone would say something else, or nothing."""
    names = folder_names(
        FolderLabel("crane", "Crane", frozenset({517})), FolderLabel("n02110341", "Spotted", frozenset())
    )
    assert names.meaning("crane") == ("crane", "Crane", one(517))
    assert names.meaning("n02110341") == ("n02110341", "Spotted", ClassMatch())
    assert names.meaning("cranes") == ("cranes", "cranes", matched("crane"))


def test_a_label_map_names_classes_by_any_of_their_names() -> None:
    """By the list's own name first, then by wnid and lemma; a shared lemma is refused with its choices."""
    text = "folder,label,imagenet_classes\na,A,tub;n02110341;Newfoundland;crane n02012849;boxer\n"
    (entry,) = LabelMap.from_csv(text, "map.csv", IMAGENET).folders
    wanted = ("n04493381", "n02110341", "n02111277", "n02012849", "n02108089")
    assert entry.classes == {INDEX[wnid] for wnid in wanted}
    with pytest.raises(ImageLakeError) as caught:
        LabelMap.from_csv("folder,label,imagenet_classes\na,A,crane\n", "map.csv", IMAGENET)
    assert str(caught.value) == (
        "map.csv line 2: imagenet_classes has 'crane', which several classes are called: crane (bird) (n02012849), "
        "crane (machine) (n03126707); give the wnid"
    )


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("", "synsets.csv: no synsets below the header"),
        ("1,n01440764,tench\n", "synsets.csv line 2: imagenet_index '1' where 0 is due"),
        ("0,n0144076,tench\n", "synsets.csv line 2: wnid 'n0144076' is not n and eight digits"),
        ("0,n01440764,;\n", "synsets.csv line 2: lemmas is empty"),
        ("0,n01440764,a\n1,n01440764,b\n", "synsets.csv line 3: wnid n01440764 stands on line 2 already"),
    ],
)
def test_a_bad_list_of_synsets_is_refused(lines: str, says: str) -> None:
    """Every mistake names its line."""
    with pytest.raises(ImageLakeError) as caught:
        read_synsets(HEADER + lines, "synsets.csv")
    assert says in str(caught.value)
