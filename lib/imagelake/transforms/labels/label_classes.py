"""The classes that count as each label: by the user's label map, by the class map with the hierarchy, or by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelake.config import conf_text
from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_uri
from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.label_map import LabelMap
from imagelake.taxonomy.name_matching import NameMatcher
from imagelake.taxonomy.narrower_labels import read_narrower_labels
from imagelake.taxonomy.synonyms import Synonyms
from imagelake.transforms.labels.label_hierarchy import hierarchy_graph

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.config import Config, ModelSection, SourceSection
    from imagelake.lake.storage import Storage

KNOWN_CLASSES = {"sample": "labels/sample_classes.csv", "imagenet": "labels/imagenet_to_openimages.csv"}
SYNONYMS = "labels/synonyms.csv"
NARROWER_LABELS = "labels/narrower_labels.csv"


@dataclass(frozen=True)
class LabelClasses:
    """The classes of the model that count as the labels of a lake.

    ``class_names`` are the model's outputs by index. ``classes`` holds the classes that mean each label; none where no
    class does. ``label_of`` is the label that a class itself means, for the classes that mean one.
    """

    class_names: tuple[str, ...]
    classes: Mapping[str, frozenset[int]]
    label_of: Mapping[int, str]

    @property
    def covered(self) -> frozenset[str]:
        """The labels that some class counts as; accuracy is measured on these."""
        return frozenset(label for label, classes in self.classes.items() if classes)


@dataclass(frozen=True)
class Vocabulary:
    """The vocabulary of a lake: its labels, all names of its classes, and its hierarchy of names if it has one."""

    labels: tuple[str, ...]
    known: frozenset[str]
    hierarchy: Hierarchy | None


def label_class_files(config: Config) -> tuple[str, ...]:
    """The user's own files of label and class maps; those of the library are part of the code version."""
    label_map = config.source.label_map
    return (*((to_uri(label_map),) if label_map else ()), *class_files(config.model))


def class_files(model: ModelSection) -> tuple[str, ...]:
    """The user's own class map."""
    return () if model.classes in KNOWN_CLASSES else (to_uri(model.classes),)


def vocabulary(labels: DataFrame, classes: DataFrame, hierarchy: DataFrame) -> Vocabulary:
    """The vocabulary of a lake, from its tables of clean labels, class descriptions and hierarchy, in display names.

    All tables are collected, since there are thousands of labels at most.
    """
    graph = hierarchy_graph(hierarchy)
    names = {row["label_id"]: row["label"] for row in hierarchy.where("label IS NOT NULL").collect()}
    tree = graph.renamed(names) if graph else None
    used = tuple(sorted(row["label"] for row in labels.select("label").distinct().collect()))
    described = (row["label"] for row in classes.where("label IS NOT NULL").select("label").collect())
    return Vocabulary(used, frozenset((*used, *described, *(tree.nodes if tree else ()))), tree)


def read_class_map(model: ModelSection, storage: Storage) -> ClassMap:
    """The classes of the configured model: one of ours, or a CSV of the user's.

    Raises:
        ImageLakeError: there is no such file, or it is no class map.
    """
    if model.classes in KNOWN_CLASSES:
        return ClassMap.from_csv(conf_text(KNOWN_CLASSES[model.classes]), f"conf/{KNOWN_CLASSES[model.classes]}")
    return ClassMap.from_csv(_read_text(model.classes, "model.classes", storage), model.classes)


def labels_of_folders(folders: Iterable[str], config: Config, storage: Storage) -> dict[str, str]:
    """The label of each class folder: as the label map says, else the label it is named after, else its own name."""
    class_map = read_class_map(config.model, storage)
    label_map, matcher = _read_label_map(config.source, class_map, storage), _matcher()

    def label_of(folder: str) -> str:
        if folder in label_map:
            return label_map.folder(folder).label
        return matcher.match_label(folder, class_map.labels) or folder

    return {folder: label_of(folder) for folder in folders}


def label_classes(words: Vocabulary, config: Config, storage: Storage) -> LabelClasses:
    """The classes that mean each label of a lake.

    The user's label map comes first. For other labels a class counts as the label that the class map gives it, as all
    ancestors of that label, and as labels of its name.
    """
    class_map, matcher = read_class_map(config.model, storage), _matcher()
    listed = _read_label_map(config.source, class_map, storage).classes_by_label()
    here = matcher.in_vocabulary(class_map, words.known)
    # A folder of photos has no hierarchy; without one the class eagle would not count as a folder called birds.
    tree = words.hierarchy or read_narrower_labels(conf_text(NARROWER_LABELS), f"conf/{NARROWER_LABELS}")

    def classes_of(label: str) -> frozenset[int]:
        if label in listed:
            return listed[label]
        # Names are looked up for folders and for labels of the hierarchy; among the 20,000 others are homonyms.
        if config.source.type == "folder" or label in tree:
            return matcher.match_classes(label, here, tree)
        return here.classes_of(label, tree)

    classes = {label: classes_of(label) for label in words.labels}
    label_of = {} if listed else {i: c.label for i, c in enumerate(here.classes) if c.label is not None}
    if listed or config.source.type == "folder":
        label_of |= _narrowest(classes)
    return LabelClasses(tuple(c.name for c in class_map.classes), classes, label_of)


def _narrowest(classes: Mapping[str, Collection[int]]) -> dict[int, str]:
    """For each class the label with the fewest classes that has it; the first by name where several do."""
    last_wins = sorted(sorted(classes, reverse=True), key=lambda label: len(classes[label]), reverse=True)
    return {index: label for label in last_wins for index in classes[label]}


def _matcher() -> NameMatcher:
    return NameMatcher(Synonyms.from_csv(conf_text(SYNONYMS), f"conf/{SYNONYMS}"))


def _read_label_map(source: SourceSection, class_map: ClassMap, storage: Storage) -> LabelMap:
    if not source.label_map:
        return LabelMap(())
    text = _read_text(source.label_map, "source.label_map", storage)
    return LabelMap.from_csv(text, source.label_map, class_map)


def _read_text(file: str, setting: str, storage: Storage) -> str:
    if not storage.exists(to_uri(file)):
        raise ImageLakeError(f"{setting} = {file!r}: there is no such file")
    try:
        return storage.read_bytes(to_uri(file)).decode("utf-8")
    except UnicodeDecodeError as error:
        raise ImageLakeError(f"{setting} = {file!r} is not UTF-8: {error}") from None
