"""Which labels a model can be judged on: those that some class of it means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.name_matching import NameMatcher


class LabelCoverage(NamedTuple):
    """A label, whether any class means it, and the indices of those that do in ascending order."""

    label: str
    covered: bool
    classes: tuple[int, ...]


def coverage(
    labels: Iterable[str], hierarchy: Hierarchy, class_map: ClassMap, matcher: NameMatcher | None = None
) -> list[LabelCoverage]:
    """One row a label, in the order given.

    The class map's labels are first spelled as the hierarchy spells them. Without a matcher names must agree but for
    case, separators and number.
    """
    matcher = matcher or NameMatcher()
    here = matcher.in_vocabulary(class_map, hierarchy.nodes)
    found = ((label, tuple(sorted(matcher.match_classes(label, here, hierarchy)))) for label in labels)
    return [LabelCoverage(label, bool(classes), classes) for label, classes in found]
