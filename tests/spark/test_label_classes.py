"""Which classes mean a label: by the user's map, by the class map and the hierarchy, or by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pyspark.sql import SparkSession
from table_rows import table_of

from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.storage import Storage
from imagelake.runtime.resolve.labels import label_class_files, read_class_map, read_label_rules
from imagelake.samples.painting.labels import LABEL_NAMES
from imagelake.transforms.labels.label_classes import (
    LabelClasses,
    Vocabulary,
    label_classes,
    vocabulary,
)

CLASS_CSV = """imagenet_index,imagenet_class,label,relation
0,tiger,Tiger,same
1,lynx,Cat,narrower
2,beagle,Dog,narrower
3,bubble,,
4,rhinoceros beetle,Beetle,narrower
"""
EDGES = [("Animal", None), ("Cat", "Animal"), ("Tiger", "Cat"), ("Dog", "Animal"), ("Beetle", "Animal")]
FOLDER = ("source.type=folder",)


@pytest.fixture(scope="module")
def storage(spark: SparkSession) -> Storage:
    """Files as the driver reads them."""
    return Storage(spark)


@pytest.fixture
def classes(tmp_path: Path) -> str:
    """A class map of five classes, in a file of the user's."""
    file = tmp_path / "classes.csv"
    file.write_text(CLASS_CSV)
    return str(file)


def config(classes: str, *settings: str) -> Config:
    """The defaults with a model of these classes."""
    return load_config([], [f"model.classes={classes}", "source.type=open_images", *settings])


def words(spark: SparkSession, *labels: str, edges: list[tuple[str, Any]] = EDGES) -> Vocabulary:
    """The words of a lake with these labels and this hierarchy."""
    hierarchy = table_of(
        spark,
        "hierarchy",
        [
            {
                "label_id": f"/m/{child}",
                "label": child,
                "parent_id": parent and f"/m/{parent}",
                "parent": parent,
                "relation": parent and "subcategory",
                "depth": 0,
            }
            for child, parent in edges
        ],
    )
    rows = [{"image_id": "i1", "label_id": f"/m/{label}", "label": label} for label in labels]
    described = [{"label_id": f"/m/{label}", "label": label} for label in (*labels, "Beetle", None)]
    return vocabulary(table_of(spark, "labels_clean", [*rows, *rows]), table_of(spark, "classes", described), hierarchy)


def meaning(meanings: LabelClasses) -> dict[str, list[int]]:
    """The classes of each label, sorted."""
    return {label: sorted(indices) for label, indices in meanings.classes.items()}


def test_the_vocabulary_is_labels_descriptions_and_hierarchy(spark: SparkSession) -> None:
    """Labels stand once and sorted; known is every name of any of the three tables."""
    found = words(spark, "Tiger", "Okapi")
    assert found.labels == ("Okapi", "Tiger")
    assert found.known == {"Okapi", "Tiger", "Beetle", "Animal", "Cat", "Dog"}
    assert found.hierarchy is not None
    assert found.hierarchy.ancestors("Tiger") == {"Cat", "Animal"}
    assert words(spark, edges=[]) == Vocabulary((), frozenset({"Beetle"}), None)


def test_a_class_means_its_label_and_all_above(spark: SparkSession, storage: Storage, classes: str) -> None:
    """A tiger is a Tiger, a Cat and an Animal, and no Dog; a label that no class means has none."""
    found = label_classes(
        words(spark, "Tiger", "Cat", "Animal", "Dog", "Rhinoceros"), read_label_rules(config(classes), storage)
    )
    assert meaning(found) == {"Tiger": [0], "Cat": [0, 1], "Animal": [0, 1, 2, 4], "Dog": [2], "Rhinoceros": []}
    assert found.covered == {"Tiger", "Cat", "Animal", "Dog"}
    assert found.label_of == {0: "Tiger", 1: "Cat", 2: "Dog", 4: "Beetle"}
    assert found.class_names == ("tiger", "lynx", "beagle", "bubble", "rhinoceros beetle")


def test_labels_are_found_as_the_lake_spells_them(spark: SparkSession, storage: Storage, classes: str) -> None:
    """Releases differ: a lake that says tigers, or knows a class by the class's own name only, is understood."""
    found = label_classes(words(spark, "tigers", "Lynx", edges=[]), read_label_rules(config(classes), storage))
    assert meaning(found) == {"tigers": [0], "Lynx": [1]}
    assert found.label_of == {0: "tigers", 1: "Lynx", 2: "Dog", 4: "Beetle"}


def test_folders_are_matched_by_whole_names(spark: SparkSession, storage: Storage, classes: str) -> None:
    """Case and number do not matter, a class's own name is a label too, and a beetle is no rhinoceros."""
    lake = words(spark, "tigers", "Beagle", "rhinoceros", "bubble", edges=[])
    found = label_classes(lake, read_label_rules(config(classes, *FOLDER), storage))
    assert meaning(found) == {"tigers": [0], "Beagle": [2], "rhinoceros": [], "bubble": [3]}
    assert found.label_of == {0: "tigers", 1: "Cat", 2: "Beagle", 3: "bubble", 4: "Beetle"}


def test_the_label_map_decides_what_it_lists(
    spark: SparkSession, storage: Storage, classes: str, tmp_path: Path
) -> None:
    """Its labels have its classes, or none; a folder that it does not list is matched by name."""
    file = tmp_path / "map.csv"
    file.write_text("folder,label,imagenet_classes\nbig,Big cat,0;lynx\nsmall,Cat,\nt,Tiger,0\n")
    configured = config(classes, *FOLDER, f"source.label_map={file}")
    found = label_classes(
        words(spark, "Big cat", "Cat", "Tiger", "beagle", edges=[]), read_label_rules(configured, storage)
    )
    assert meaning(found) == {"Big cat": [0, 1], "Cat": [], "Tiger": [0], "beagle": [2]}
    assert found.label_of == {0: "Tiger", 1: "Big cat", 2: "beagle"}
    rules = read_label_rules(configured, storage)
    names = rules.folder_names(rules.narrower_labels)
    assert {folder: names.meaning(folder).label for folder in ("big", "small", "Tigers", "odd thing")} == {
        "big": "Big cat",
        "small": "Cat",
        "Tigers": "Tiger",
        "odd thing": "odd thing",
    }
    assert [Path(uri).name for uri in label_class_files(configured)] == ["map.csv", "classes.csv"]


def test_the_narrowest_label_names_a_class(spark: SparkSession, storage: Storage, classes: str, tmp_path: Path) -> None:
    """Where labels overlap a class is called by the one with fewest classes, then by the first name."""
    file = tmp_path / "map.csv"
    file.write_text("folder,label,imagenet_classes\na,All,0;1;2\nb,B,0;1\nc,A,0;1\n")
    found = label_classes(
        words(spark, "All", "B", "A"), read_label_rules(config(classes, f"source.label_map={file}"), storage)
    )
    assert found.label_of == {0: "A", 1: "A", 2: "All"}


def test_our_own_class_maps_are_found(storage: Storage) -> None:
    """The sample's classes are labels of the sample lake, ImageNet has a thousand; neither is a user's file."""
    sample, imagenet = (load_config([], [f"model.classes={name}"]) for name in ("sample", "imagenet"))
    assert read_class_map(sample.model, storage).labels <= set(LABEL_NAMES)
    assert len(read_class_map(imagenet.model, storage)) == 1000
    assert label_class_files(sample) == label_class_files(imagenet) == ()


def test_imagenet_covers_lions_and_no_rhinoceros(spark: SparkSession, storage: Storage) -> None:
    """The map that ships: lion is class 291, zebra 340, and no class is a rhinoceros or a giraffe."""
    found = label_classes(words(spark, *LABEL_NAMES, edges=[]), read_label_rules(config("imagenet"), storage))
    assert found.classes["Lion"] == {291}
    assert found.classes["Zebra"] == {340}
    assert found.classes["Rhinoceros"] == found.classes["Giraffe"] == frozenset()


def test_folders_of_imagenets_own_names_are_told_apart_or_ambiguous(spark: SparkSession, storage: Storage) -> None:
    """A lemma and a wnid find their class, a shared lemma its choices; only in lakes whose labels are folders."""
    labels = ("boxer", "n02110341", "crane", "okapi")
    lake = words(spark, *labels, edges=[])
    found = label_classes(lake, read_label_rules(config("imagenet", *FOLDER), storage))
    assert meaning(found) == {"boxer": [242], "n02110341": [251], "crane": [], "okapi": []}
    assert found.ambiguous == {"crane": ("crane (bird) (n02012849)", "crane (machine) (n03126707)")}
    assert found.covered == {"boxer", "n02110341"}
    published = label_classes(lake, read_label_rules(config("imagenet"), storage))
    assert meaning(published) == {label: [] for label in labels}
    assert published.ambiguous == {}


@pytest.mark.parametrize(
    ("setting", "content", "message"),
    [
        ("model.classes", None, "no such file"),
        ("source.label_map", None, "no such file"),
        ("model.classes", b"\xff\xfe", "not UTF-8"),
        ("source.label_map", b"folder,label\n", "imagenet_classes"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    storage: Storage, tmp_path: Path, setting: str, content: bytes | None, message: str
) -> None:
    """A missing file, bytes that are no text, a missing column: one error that names the file."""
    file = tmp_path / "used.csv"
    if content is not None:
        file.write_bytes(content)
    configured = load_config([], [f"{setting}={file}"])
    with pytest.raises(ImageLakeError, match=message) as raised:
        label_classes(Vocabulary(("Tiger",), frozenset(), None), read_label_rules(configured, storage))
    assert str(file) in str(raised.value)
