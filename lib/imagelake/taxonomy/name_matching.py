"""Matching of names of folders and labels with labels and classes.

Names are compared whole: without case, separators and number, and through a table of synonyms. Never by a part of a
name: *wild cat* is not Cat and *rhinoceros beetle* not Rhinoceros.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

from imagelake.taxonomy.class_map import ClassMap, ModelClass
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.names import name_forms, name_key
from imagelake.taxonomy.synonyms import Synonyms


class NameMatcher:
    """Finds labels and classes by name."""

    def __init__(self, synonyms: Synonyms | None = None) -> None:
        """Without synonyms, names match only but for case, separators and number."""
        self._synonyms = synonyms or Synonyms()

    def match_label(self, folder: str, known_labels: Collection[str]) -> str | None:
        """The label that a folder is named after.

        Labels spelled like the folder come first, then those that differ by case and separators, by number, by a
        synonym. Two different labels at the same step are ambiguous: None.
        """
        if folder in known_labels:
            return folder
        index = _name_index(frozenset(known_labels))
        for find in (index.by_key, index.by_number, self._by_synonym(index)):
            found = find(folder)
            if found:
                return min(found) if len(found) == 1 else None
        return None

    def match_classes(self, label: str, class_map: ClassMap, hierarchy: Hierarchy | None = None) -> frozenset[int]:
        """The classes that count as a label: the model is right on its images where it predicts one of them.

        Those are the classes of that name, those that the table of synonyms gives for it, and those that the class map
        gives to the label and its descendants. Map and hierarchy must spell labels alike; see ``in_vocabulary``.
        """
        index = _name_index(frozenset(c.name for c in class_map.classes))
        named = index.by_number(label) | self._by_synonym(index)(label) | index.keyed(self._synonyms.classes_for(label))
        classes = frozenset(i for i, c in enumerate(class_map.classes) if c.name in named)
        mapped = self.match_label(label, class_map.labels | frozenset(hierarchy.nodes if hierarchy else ()))
        return classes | (class_map.classes_of(mapped, hierarchy) if mapped else frozenset())

    def in_vocabulary(self, class_map: ClassMap, known_labels: Collection[str]) -> ClassMap:
        """The class map with its labels as a lake spells them: releases of Open Images renamed some.

        A label that the lake has under another name takes that name. A missing label, or one that the lake does not
        have, is replaced by the lake's label of the class's own name if there is one; else it stays.
        """
        known = frozenset(known_labels)
        return ClassMap([self._respelled(model_class, known) for model_class in class_map.classes])

    def _respelled(self, model_class: ModelClass, known: frozenset[str]) -> ModelClass:
        label = model_class.label and self.match_label(model_class.label, known)
        if label:
            return model_class._replace(label=label)
        own = self.match_label(model_class.name, known)
        return model_class._replace(label=own, relation="same") if own else model_class

    def _by_synonym(self, index: _NameIndex) -> Callable[[str], frozenset[str]]:
        return lambda word: index.keyed(self._synonyms.names_for(word))


class _NameIndex:
    """An index of names by their keys, and by their possible singulars."""

    def __init__(self, names: Iterable[str]) -> None:
        self._keys: dict[str, set[str]] = {}
        self._forms: dict[str, set[str]] = {}
        for name in names:
            if name_key(name):  # names of punctuation only would all be alike
                self._add(name)

    def by_key(self, word: str) -> frozenset[str]:
        """Names that differ by case and separators only."""
        return self.keyed({name_key(word)})

    def by_number(self, word: str) -> frozenset[str]:
        """Names that differ by case, separators and number only: one may be the plural of the other."""
        return self.keyed(name_forms(word)) | frozenset(self._forms.get(name_key(word), ()))

    def keyed(self, keys: Iterable[str]) -> frozenset[str]:
        """Names with one of the keys."""
        return frozenset().union(*(self._keys.get(key, ()) for key in keys))

    def _add(self, name: str) -> None:
        self._keys.setdefault(name_key(name), set()).add(name)
        for form in name_forms(name):
            self._forms.setdefault(form, set()).add(name)


@lru_cache(maxsize=8)
def _name_index(names: frozenset[str]) -> _NameIndex:
    return _NameIndex(names)
