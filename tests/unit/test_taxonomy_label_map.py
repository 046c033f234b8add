from __future__ import annotations

from pathlib import Path

import pytest

from imagelake.config import conf_text
from imagelake.errors import ImageLakeError
from imagelake.taxonomy.class_map import ClassMap, ModelClass
from imagelake.taxonomy.label_map import FolderLabel, LabelMap

HEADER = "folder,label,imagenet_classes\n"
CLASSES = ClassMap([ModelClass(name, None, None) for name in ("lion", "bald eagle", "hot dog")])


def test_classes_are_given_by_index_or_by_name() -> None:
    """Both may be mixed, blanks around them and the case of names do not matter; nothing means not covered."""
    text = HEADER + "lions,Lion,0\nbirds,Bird, 1 ;\nsnacks,Snack,Hot_Dog;0; bald eagle\nrhino,Rhinoceros,\n"
    labels = LabelMap.from_csv(text, "map.csv", CLASSES)
    assert labels.folders == (
        FolderLabel("lions", "Lion", frozenset({0})),
        FolderLabel("birds", "Bird", frozenset({1})),
        FolderLabel("snacks", "Snack", frozenset({0, 1, 2})),
        FolderLabel("rhino", "Rhinoceros", frozenset()),
    )
    assert labels.folder("birds").label == "Bird"
    assert labels.classes_by_label()["Rhinoceros"] == frozenset()
    assert "rhino" in labels
    assert "Rhino" not in labels


def test_two_folders_may_share_a_label() -> None:
    """They must agree on its classes, because accuracy is counted by label."""
    labels = LabelMap.from_csv(HEADER + "a,Lion,0\nb,Lion,lion\n", "map.csv", CLASSES)
    assert labels.classes_by_label() == {"Lion": frozenset({0})}
    with pytest.raises(ImageLakeError, match=r"map.csv line 3: label 'Lion' means the classes \[1\] here and \[0\] on"):
        LabelMap.from_csv(HEADER + "a,Lion,0\nb,Lion,1\n", "map.csv", CLASSES)


def test_a_map_without_folders_is_empty() -> None:
    """A header alone names no folder, and asking for one says so."""
    labels = LabelMap.from_csv(HEADER, "map.csv", CLASSES)
    assert len(labels) == 0
    with pytest.raises(ImageLakeError, match=r"map.csv: no folder 'x'"):
        labels.folder("x")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (",Lion,0", "map.csv line 2: folder is empty"),
        ("lions,,0", "map.csv line 2: label is empty"),
        ("lions,Lion,3", "line 2: imagenet_classes has the index 3; the model's classes are 0 to 2"),
        ("lions,Lion,-1", "line 2: imagenet_classes has the index -1; the model's classes are 0 to 2"),
        ("lions,Lion,0;Loin", "line 2: imagenet_classes has the unknown class 'Loin'; nearest of the 3 known: 'lion'"),
        ("lions,Lion,eagle", "the unknown class 'eagle'; nearest of the 3 known: 'bald eagle'"),
        ("lions,Lion,zzz", "the unknown class 'zzz'; the 3 known are 'bald eagle', 'hot dog', 'lion'"),
        ("a,Lion,0\na,Bird,1", "map.csv line 3: folder 'a' stands on line 2 already"),
        ("lions;Lion;0", "map.csv line 2: 1 cells, the header has 3: 'lions;Lion;0'"),
    ],
)
def test_a_bad_line_is_refused_with_file_line_and_choices(line: str, says: str) -> None:
    """Every mistake names where it stands, the value and the nearest valid choices."""
    with pytest.raises(ImageLakeError) as caught:
        LabelMap.from_csv(f"{HEADER}{line}\n", "map.csv", CLASSES)
    assert says in str(caught.value)


def test_the_label_map_of_the_real_animal_photos_is_read(shared_data: Path) -> None:
    """19 folders, of which six have no ImageNet class."""
    classes = ClassMap.from_csv(conf_text("labels/imagenet_to_openimages.csv"), "imagenet_to_openimages.csv")
    text = (shared_data / "photos" / "caltech101_animals_labels.csv").read_text()
    labels = LabelMap.from_csv(text, "caltech101_animals_labels.csv", classes)
    uncovered = {entry.folder for entry in labels.folders if not entry.classes}
    assert len(labels) == 19
    assert uncovered == {"rhino", "emu", "ibis", "pigeon", "okapi", "wild_cat"}
    names = {entry.folder: {classes.classes[i].name for i in entry.classes} for entry in labels.folders}
    assert names["Leopards"] == {"leopard", "snow leopard", "jaguar"}
    assert names["elephant"] == {"tusker", "Indian elephant", "African elephant"}
    assert names["cougar_face"] == {"cougar"}
