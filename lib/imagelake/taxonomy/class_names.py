"""The classes of a model by every name that they bear: the list's own, the lemmas of the synset, and the wnid."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable

from imagelake.taxonomy.class_map import ClassMap, ModelClass
from imagelake.taxonomy.names import name_forms, name_key
from imagelake.taxonomy.synsets import WNID

# A wnid alone, or before or after a name: n02085620, n02085620-Chihuahua, crane_n02012849, crane (n02012849).
_WITH_WNID = re.compile(rf"(?:(?P<before>.*?)[\W_]+)?(?P<wnid>{WNID.pattern})(?:[\W_]+(?P<after>.*))?", re.IGNORECASE)


class NameIndex:
    """Names by their keys, and by the singulars that they could be plurals of."""

    def __init__(self, names: Iterable[str]) -> None:
        self._keys: dict[str, set[str]] = defaultdict(set)
        self._forms: dict[str, set[str]] = defaultdict(set)
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
        self._keys[name_key(name)].add(name)
        for form in name_forms(name):
            self._forms[form].add(name)


class ClassNames:
    """Finds classes by name. Names are compared whole: a part of one is no match."""

    def __init__(self, class_map: ClassMap) -> None:
        """Index the names of all classes."""
        self._classes: dict[str, set[int]] = defaultdict(set)
        self._by_wnid: dict[str, int] = {}
        for index, known in enumerate(class_map.classes):
            for name in (known.name, *(known.synset.lemmas if known.synset else ())):
                self._classes[name].add(index)
            if known.synset:
                self._by_wnid[known.synset.wnid] = index
        self._names = NameIndex(self._classes)

    @property
    def has_synsets(self) -> bool:
        """Whether the synset of any class is known."""
        return bool(self._by_wnid)

    def by_wnid(self, word: str) -> frozenset[int] | None:
        """The class whose wnid a word is, or holds beside one of that class's names; None where no wnid is in it.

        A wnid beside a name of another class, or of no class at all, means none.
        """
        found = _WITH_WNID.fullmatch(word)
        if found is None:
            return None
        index = self._by_wnid.get(found["wnid"].lower())
        if index is None:
            return frozenset()
        names = [name for name in (found["before"], found["after"]) if name and name_key(name)]
        return frozenset({index} if all(index in self.bearers(name) for name in names) else ())

    def by_key(self, word: str) -> frozenset[int]:
        """The classes that bear a name but for case and separators."""
        return self._classes_of(self._names.by_key(word))

    def bearers(self, word: str, synonyms: Callable[[str], Iterable[str]] = lambda _: ()) -> frozenset[int]:
        """The classes that bear a name, by the nearest spelling: case and separators, then number, then a synonym.

        Args:
            word: the name.
            synonyms: the keys of the names that are the same as a word.
        """
        for names in (self._names.by_key(word), self._names.by_number(word), self._names.keyed(synonyms(word))):
            if names:
                return self._classes_of(names)
        return frozenset()

    def _classes_of(self, names: Iterable[str]) -> frozenset[int]:
        return frozenset().union(*(self._classes[name] for name in names))


def holds_wnid(word: str) -> bool:
    """Whether a word is a wnid, or holds one beside a name."""
    return _WITH_WNID.fullmatch(word) is not None


def describe_class(known: ModelClass) -> str:
    """A class by its name and, where it is known, its wnid, which tells it from every other one."""
    return f"{known.name} ({known.synset.wnid})" if known.synset else known.name
