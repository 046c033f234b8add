"""The classes that count as each label: by the user's label map, by the class map with the hierarchy, or by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from imagelake.taxonomy.folder_names import FolderNames
from imagelake.taxonomy.lake_labels import narrowest_labels
from imagelake.taxonomy.name_matching import ClassMatch
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
    class does. ``label_of`` is the label that a class itself means, for the classes that mean one. ``ambiguous`` holds
    what a label could mean, for the labels of folders whose names leave that open; no class counts as them.
    ``branches`` holds the labels above and below each label of the hierarchy.
    """

    class_names: tuple[str, ...]
    classes: Mapping[str, frozenset[int]]
    label_of: Mapping[int, str]
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    branches: Mapping[str, frozenset[str]] = field(default_factory=dict)

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
        by_folder: whether labels are names of folders, or of the classes of arrays.
    """

    class_map: ClassMap
    label_map: LabelMap
    matcher: NameMatcher
    narrower_labels: Hierarchy
    by_folder: bool

    @property
    def class_names(self) -> tuple[str, ...]:
        """The model's classes by index."""
        return tuple(known.name for known in self.class_map.classes)

    def folder_names(self, hierarchy: Hierarchy) -> FolderNames:
        """What the names of folders mean."""
        return FolderNames(self.class_map, self.label_map, self.matcher, hierarchy)


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


def label_classes(words: Vocabulary, rules: LabelRules) -> LabelClasses:
    """The classes that mean each label of a lake.

    The user's label map comes first. For other labels a class counts as the label that the class map gives it, as all
    ancestors of that label, and as labels of its name.
    """
    matcher, listed = rules.matcher, rules.label_map.classes_by_label()
    here = matcher.in_vocabulary(rules.class_map, words.known)
    # A folder of photos has no hierarchy of its own; without one a folder called birds would mean no eagle.
    tree = words.hierarchy or rules.narrower_labels

    folders = rules.folder_names(tree)

    def match(label: str) -> ClassMatch:
        if rules.by_folder:
            return folders.match(label)
        if label in listed:
            return ClassMatch(listed[label])
        # Names are looked up for labels of the hierarchy; among the 20,000 others are homonyms.
        return ClassMatch(matcher.match_classes(label, here, tree) if label in tree else here.classes_of(label, tree))

    matches = {label: match(label) for label in words.labels}
    classes = {label: found.classes for label, found in matches.items()}
    label_of = {} if listed else {i: c.label for i, c in enumerate(here.classes) if c.label is not None}
    if listed or rules.by_folder:
        label_of |= narrowest_labels(classes)
    ambiguous = {label: found.choices for label, found in matches.items() if found.choices}
    return LabelClasses(rules.class_names, classes, label_of, ambiguous, tree.branches())
