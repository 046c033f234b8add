"""Search by words: which labels and classes they mean, and which images have or are predicted to have these.

Letters: N images of the lake.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imagelake.taxonomy.class_names import NameIndex
from imagelake.taxonomy.names import name_forms, name_key, name_words

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.taxonomy.lake_labels import LakeLabels
    from imagelake.taxonomy.synonyms import Synonyms

# Five classes are known of every image, most of them with next to no score.
LEAST_SCORE = 0.1
# Say nothing of what is looked for, unless they are part of a name that all words are in.
_FUNCTION_WORDS = frozenset(["a", "an", "and", "in", "of", "on", "or", "the", "with"])


@dataclass(frozen=True)
class Meaning:
    """What words mean.

    Attributes:
        labels: of the lake, by name; each includes its narrower ones.
        label_ids: of these labels and of all narrower ones.
        classes: the network's classes that count as one of these labels, or are called so themselves.
    """

    labels: tuple[str, ...]
    label_ids: frozenset[str]
    classes: frozenset[str]


@dataclass(frozen=True, eq=False)
class RankedByWords:
    """The images that words find, the best first.

    Attributes:
        rows: int64 [R], row numbers.
        labelled: bool [R], whether an image has one of the labels as a clean one.
        scores: float32 [R], the highest score of one of the classes, 0 where none is among the predicted ones.
    """

    rows: NDArray[np.int64]
    labelled: NDArray[np.bool_]
    scores: NDArray[np.float32]


@dataclass(frozen=True)
class NetworkClasses:
    """The classes of a network.

    Attributes:
        names: all of them.
        of_label: label -> the classes that count as it.
    """

    names: Collection[str]
    of_label: Mapping[str, Collection[str]]


class WordIndex:
    """The labels of a lake and the classes of its network by words. Threads may share it."""

    def __init__(
        self,
        labels: LakeLabels,
        counts: Mapping[str, int],
        classes: NetworkClasses,
        synonyms: Synonyms,
    ) -> None:
        """Index the names.

        Args:
            labels: every label of the lake.
            counts: label -> images that have this very label.
            classes: of the lake's network.
            synonyms: other words for labels and classes.
        """
        self._labels, self._classes, self._synonyms = labels, classes, synonyms
        self._class_names, self._classes_with = NameIndex(classes.names), _by_word(classes.names)
        self._names_with = _by_word(labels.names)
        self._counts = {name: sum(counts.get(one, 0) for one in self._narrower(name)) for name in labels.names}
        self.offered = sorted(
            (name for name, count in self._counts.items() if count and not self._is_identifier(name)),
            key=self._by_count,
        )
        self._spellings = sorted(_spellings(self.offered, labels.find, synonyms))

    def meaning(self, words: str) -> Meaning:
        """The labels and classes that words mean.

        A label or a class that is called so counts, but for case, accents, separators, number and synonyms. Else those
        labels count that have every word in their names; else those that have any.
        """
        label = self._labels.find(words)
        classes = self._class_names.by_number(words) | self._class_names.keyed(
            self._synonyms.names_for(words) | self._synonyms.classes_for(words)
        )
        found = [label] if label else []
        if not found and not classes:
            found = sorted(_with_words(words, self._names_with), key=self._by_count)
            classes = _with_words(words, self._classes_with)
        counted = (self._classes.of_label.get(one, ()) for name in found for one in self._narrower(name))
        label_ids = frozenset().union(*map(self._labels.ids_and_narrower, found))
        return Meaning(tuple(found), label_ids, classes.union(*counted))

    def nearest(self, words: str) -> tuple[str, ...]:
        """The labels most like words that mean nothing."""
        return self._labels.nearest(words)

    def completions(self, beginning: str, most: int) -> list[str]:
        """Labels with images, whose name, a synonym or a word of either begins so, those with most images first."""
        key = name_key(beginning)
        if not key:
            return self.offered[:most]
        found = set()
        for spelling, name in self._spellings[bisect_left(self._spellings, (key, "")) :]:
            if not spelling.startswith(key):
                break
            found.add(name)
        return sorted(found, key=lambda name: (not name_key(name).startswith(key), *self._by_count(name)))[:most]

    def _narrower(self, name: str) -> frozenset[str]:
        """A name and those of all narrower labels."""
        return frozenset(map(self._labels.name_of, self._labels.ids_and_narrower(name)))

    def _is_identifier(self, name: str) -> bool:
        """Whether a label has no other name than its identifier, such as /m/0bl9f: nobody would look for that."""
        return name.startswith("/") and name in self._labels.ids(name)

    def _by_count(self, name: str) -> tuple[int, str]:
        return -self._counts[name], name


def rank_by_words(
    labelled: NDArray[np.bool_], scores: NDArray[np.float32], order: NDArray[np.integer]
) -> RankedByWords:
    """The images with one of the labels, or a score of 0.1: clean labels first, then higher scores, then the order.

    Args:
        labelled: bool [N], whether an image has one of the labels.
        scores: float32 [N], the highest score of one of the classes.
        order: int [N], every row number once.
    """
    rows = order[(labelled | (scores >= LEAST_SCORE))[order]].astype(np.int64)
    rows = rows[np.lexsort((-scores[rows], ~labelled[rows]))]
    return RankedByWords(rows, labelled[rows], scores[rows])


def _with_words(words: str, by_word: Mapping[str, frozenset[str]]) -> frozenset[str]:
    """The names that have every word; else those that have any but for function words."""
    said = name_words(words)
    having = {word: frozenset().union(*(by_word.get(form, ()) for form in name_forms(word))) for word in said}
    if not having:
        return frozenset()
    telling = (names for word, names in having.items() if word not in _FUNCTION_WORDS)
    return frozenset.intersection(*having.values()) or frozenset().union(*telling)


def _by_word(names: Iterable[str]) -> dict[str, frozenset[str]]:
    """The names by each of their words and what it could be the plural of."""
    found: dict[str, set[str]] = defaultdict(set)
    for name in names:
        for word in name_words(name):
            for form in name_forms(word):
                found[form].add(name)
    return {word: frozenset(having) for word, having in found.items()}


def _spellings(names: Iterable[str], find: Callable[[str], str | None], synonyms: Synonyms) -> set[tuple[str, str]]:
    """The keys that names and their synonyms have from any of their words on, each with the name."""
    offered = set(names)
    said = [(name, name) for name in offered]
    for row in synonyms.rows:
        if row.relation == "same":
            said += [(word, name) for word in (row.name, row.synonym) if (name := find(word)) in offered and name]
    return {("".join(name_words(word)[start:]), name) for word, name in said for start in range(len(name_words(word)))}
