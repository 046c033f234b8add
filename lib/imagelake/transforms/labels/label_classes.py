"""The classes that count as each label: by the user's label map, by the class map with the hierarchy, or by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imagelake.transforms.labels.label_hierarchy import hierarchy_graph

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.taxonomy.class_map import ClassMap
    from imagelake.taxonomy.hierarchy import Hierarchy
    from imagelake.taxonomy.label_map import LabelMap
    from imagelake.taxonomy.name_matching import NameMatcher


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
class LabelRules:
    """What says which classes mean a label.

    Attributes:
        class_map: the classes of the model.
        label_map: what the user says of labels and folders, before all else.
        matcher: finds labels and classes by name.
        narrower_labels: the hierarchy of a lake that has none of its own.
        by_folder: whether labels are names of folders.
    """

    class_map: ClassMap
    label_map: LabelMap
    matcher: NameMatcher
    narrower_labels: Hierarchy
    by_folder: bool


@dataclass(frozen=True)
class Vocabulary:
    """The vocabulary of a lake: its labels, all names of its classes, and its hierarchy of names if it has one."""

    labels: tuple[str, ...]
    known: frozenset[str]
    hierarchy: Hierarchy | None


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


def labels_of_folders(folders: Iterable[str], rules: LabelRules) -> dict[str, str]:
    """The label of each class folder: as the label map says, else the label it is named after, else its own name."""

    def label_of(folder: str) -> str:
        if folder in rules.label_map:
            return rules.label_map.folder(folder).label
        return rules.matcher.match_label(folder, rules.class_map.labels) or folder

    return {folder: label_of(folder) for folder in folders}


def label_classes(words: Vocabulary, rules: LabelRules) -> LabelClasses:
    """The classes that mean each label of a lake.

    The user's label map comes first. For other labels a class counts as the label that the class map gives it, as all
    ancestors of that label, and as labels of its name.
    """
    matcher, listed = rules.matcher, rules.label_map.classes_by_label()
    here = matcher.in_vocabulary(rules.class_map, words.known)
    # A folder of photos has no hierarchy of its own; without one a folder called birds would mean no eagle.
    tree = words.hierarchy or rules.narrower_labels

    def classes_of(label: str) -> frozenset[int]:
        if label in listed:
            return listed[label]
        # Names are looked up for folders and for labels of the hierarchy; among the 20,000 others are homonyms.
        if rules.by_folder or label in tree:
            return matcher.match_classes(label, here, tree)
        return here.classes_of(label, tree)

    classes = {label: classes_of(label) for label in words.labels}
    label_of = {} if listed else {i: c.label for i, c in enumerate(here.classes) if c.label is not None}
    if listed or rules.by_folder:
        label_of |= _narrowest(classes)
    return LabelClasses(tuple(c.name for c in rules.class_map.classes), classes, label_of)


def _narrowest(classes: Mapping[str, Collection[int]]) -> dict[int, str]:
    """For each class the label with the fewest classes that has it; the first by name where several do."""
    last_wins = sorted(sorted(classes, reverse=True), key=lambda label: len(classes[label]), reverse=True)
    return {index: label for label in last_wins for index in classes[label]}
