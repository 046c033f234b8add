"""The labels of one lake: distinguished by label_id, named by display name, with what is narrower by its hierarchy."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, TypeVar

from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.hierarchy_json import Relation
from imagelake.taxonomy.name_matching import NameMatcher
from imagelake.taxonomy.synonyms import Synonyms

Class = TypeVar("Class", int, str)
_SUGGESTED = 3


class HierarchyEdge(NamedTuple):
    """A row of the table hierarchy, of the columns that matter here."""

    label_id: str
    label: str | None
    parent_id: str | None
    relation: Relation


class LakeLabels:
    """Every label that an image of a lake or its hierarchy has. Several label_ids may bear one name."""

    def __init__(
        self,
        names: Mapping[str, str | None],
        edges: Iterable[HierarchyEdge] = (),
        synonyms: Synonyms | None = None,
    ) -> None:
        """Index the names.

        Args:
            names: label_id -> display name of the labels that images have; one without a name is called by its id.
            edges: the table hierarchy.
            synonyms: other words for labels.
        """
        listed = list(edges)
        self._hierarchy = Hierarchy.from_table((edge.label_id, edge.parent_id, edge.relation) for edge in listed)
        ids: dict[str, set[str]] = defaultdict(set)
        for label_id, name in [*names.items(), *((edge.label_id, edge.label) for edge in listed)]:
            ids[name or label_id].add(label_id)
        self._ids = {name: frozenset(found) for name, found in ids.items()}
        self._name_of = {label_id: name for name, found in self._ids.items() for label_id in found}
        self._on_images = frozenset(name or label_id for label_id, name in names.items())
        self._matcher = NameMatcher(synonyms)

    def __contains__(self, name: object) -> bool:
        return name in self._ids

    def __len__(self) -> int:
        return len(self._ids)

    @property
    def names(self) -> Collection[str]:
        """All names."""
        return self._ids.keys()

    def has_images(self, name: str) -> bool:
        """Whether an image has this very label."""
        return name in self._on_images

    def name_of(self, label_id: str) -> str:
        """The name of a label_id of this lake."""
        return self._name_of[label_id]

    def find(self, word: str) -> str | None:
        """The name that a word means: itself, that of a label_id, else by case, accents, separators, number or synonym.

        None where no name is meant, or where two are equally near.
        """
        if word in self._ids:
            return word
        return self._name_of.get(word) or self._matcher.match_label(word, self._ids.keys())

    def ids(self, name: str) -> frozenset[str]:
        """The label_ids of a name; none for an unknown one."""
        return self._ids.get(name, frozenset())

    def ids_and_narrower(self, name: str) -> frozenset[str]:
        """The label_ids of a name and of every label that the hierarchy has below it."""
        own = self.ids(name)
        if self._hierarchy is None:
            return own
        return own.union(*(self._hierarchy.descendants(node) for node in own if node in self._hierarchy))

    def nearest(self, name: str) -> tuple[str, ...]:
        """The known names most like an unknown one, capital letters aside, those with images first; perhaps none."""
        by_lower = {known.lower(): known for known in sorted(self._ids)}
        found = [by_lower[lower] for lower in difflib.get_close_matches(name.lower(), by_lower, _SUGGESTED)]
        return tuple(sorted(found, key=lambda label: not self.has_images(label)))


def narrowest_labels(classes: Mapping[str, Collection[Class]]) -> dict[Class, str]:
    """The label that each class of a network means: of all that it counts as, the one that fewest classes count as.

    So a golden retriever is a Dog on a lake that has the label, and an Animal on one that is labelled only so.

    Args:
        classes: label -> the classes that count as it. Of labels with equally many the first by name is taken.
    """
    last_wins = sorted(sorted(classes, reverse=True), key=lambda label: len(classes[label]), reverse=True)
    return {own: label for label in last_wins for own in classes[label]}
