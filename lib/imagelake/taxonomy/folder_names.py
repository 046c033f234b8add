"""What the folders of a lake of photos mean: the label of each, and the classes that count as it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.class_names import describe_class, holds_wnid
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.label_map import LabelMap
from imagelake.taxonomy.name_matching import ClassMatch, NameMatcher


class FolderMeaning(NamedTuple):
    """A folder, its label, and what the label matched."""

    folder: str
    label: str
    match: ClassMatch


class FolderNames:
    """Finds the label and the classes of a folder: as the user's label map says, else by name."""

    def __init__(self, class_map: ClassMap, label_map: LabelMap, matcher: NameMatcher, hierarchy: Hierarchy) -> None:
        self._class_map, self._label_map = class_map, label_map
        self._matcher, self._hierarchy = matcher, hierarchy
        self._listed = label_map.classes_by_label()

    def meaning(self, folder: str) -> FolderMeaning:
        """The label and the classes of a folder."""
        label = self._label(folder)
        return FolderMeaning(folder, label, self.match(label))

    def match(self, label: str) -> ClassMatch:
        """The classes that count as a label; a folder and its label have the same."""
        if label in self._listed:
            return ClassMatch(self._listed[label])
        return self._matcher.match_folder(label, self._class_map, self._hierarchy)

    def _label(self, folder: str) -> str:
        if folder in self._label_map:
            return self._label_map.folder(folder).label
        match = self.match(folder)
        return next((name for name in self._better_names(folder, match) if self.match(name) == match), folder)

    def _better_names(self, folder: str, match: ClassMatch) -> Iterator[str]:
        """Names that a person would rather read, the best first; one counts where it means what the folder means."""
        own = [self._class_map.classes[index] for index in match.classes] if holds_wnid(folder) else []
        for name in (folder, *(known.name for known in own)):
            if label := self._matcher.match_label(name, self._class_map.labels):
                yield label
        for known in own:
            yield known.name
            yield describe_class(known)
