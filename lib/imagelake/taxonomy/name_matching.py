"""Matching of names of folders and labels with labels and classes.

Names are compared whole: without case, separators and number, and through a table of synonyms. Never by a part of a
name: *wild cat* is not Cat and *rhinoceros beetle* not Rhinoceros.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Literal, NamedTuple

from imagelake.taxonomy.class_map import ClassMap, ModelClass
from imagelake.taxonomy.class_names import ClassNames, NameIndex, describe_class
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.synonyms import Synonyms

AMBIGUOUS_SHOWN = 20
HOW_TO_SETTLE = "The wnid as the name of the folder settles it, or a label map"
Outcome = Literal["covered", "not_covered", "ambiguous"]


class ClassMatch(NamedTuple):
    """The classes that a name means; none where nothing bears it, or where it is ambiguous between the choices."""

    classes: frozenset[int] = frozenset()
    choices: tuple[str, ...] = ()

    @property
    def outcome(self) -> Outcome:
        """How the name was matched."""
        if self.choices:
            return "ambiguous"
        return "covered" if self.classes else "not_covered"


def describe_choices(ambiguous: Mapping[str, Sequence[str]]) -> str:
    """Names and what each could mean, in a line; of many the first ones."""
    named = [f"{name}: {' or '.join(choices)}" for name, choices in ambiguous.items()]
    more = f"; and {len(named) - AMBIGUOUS_SHOWN:,} more" if len(named) > AMBIGUOUS_SHOWN else ""
    return f"{'; '.join(named[:AMBIGUOUS_SHOWN])}{more}. {HOW_TO_SETTLE}"


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

    def match_folder(self, name: str, class_map: ClassMap, hierarchy: Hierarchy) -> ClassMatch:
        """The classes that the name of a folder means, of a model whose synsets are known.

        A wnid settles it. So does the table of synonyms where it lists the classes of a word. Else the classes that
        bear the name count. Two of them are ambiguous, unless the name is also a label and the class map gives that
        label to one of them; so are a class and a label of one name that have nothing in common. A name that no class
        bears counts as a label, with all classes of it and of its descendants.
        """
        known = _class_names(class_map)
        if not known.has_synsets:
            return ClassMatch(self.match_classes(name, class_map, hierarchy))
        if (settled := known.by_wnid(name)) is not None:
            return ClassMatch(settled)
        borne = known.bearers(name, self._synonyms.names_for)
        if self._synonyms.classes_for(name) or not borne:
            return ClassMatch(self.match_classes(name, class_map, hierarchy))
        label = self.match_label(name, class_map.labels | frozenset(hierarchy.nodes))
        of_label = class_map.classes_of(label, hierarchy) if label else frozenset()
        if len(borne) == 1 and (not of_label or borne & of_label):
            return ClassMatch(borne)
        if borne & of_label:
            return ClassMatch(borne & of_label)
        choices = [describe_class(class_map.classes[index]) for index in sorted(borne)]
        return ClassMatch(choices=tuple(choices if not of_label else [f"the label {label}", *choices]))

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

    def _by_synonym(self, index: NameIndex) -> Callable[[str], frozenset[str]]:
        return lambda word: index.keyed(self._synonyms.names_for(word))


@lru_cache(maxsize=8)
def _name_index(names: frozenset[str]) -> NameIndex:
    return NameIndex(names)


@lru_cache(maxsize=8)
def _class_names(class_map: ClassMap) -> ClassNames:
    return ClassNames(class_map)
