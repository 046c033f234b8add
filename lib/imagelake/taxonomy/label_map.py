"""A user's label map: the label of each folder of photos and the classes that count as it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.class_map import ClassMap
from imagelake.taxonomy.class_names import ClassNames, describe_class
from imagelake.taxonomy.csv_rows import Row, nearest, read_rows
from imagelake.taxonomy.names import name_key

COLUMNS = ("folder", "label", "imagenet_classes")


class FolderLabel(NamedTuple):
    """One folder: its label and the classes that count as it; none if the model does not cover it."""

    folder: str
    label: str
    classes: frozenset[int]


class LabelMap:
    """The folders of a label map by name."""

    def __init__(self, folders: Iterable[FolderLabel], source: str = "label map") -> None:
        """Index the folders."""
        self._folders = {entry.folder: entry for entry in folders}
        self._source = source

    @classmethod
    def from_csv(cls, text: str, source: str, class_map: ClassMap) -> LabelMap:
        """Read a CSV with the columns folder, label and imagenet_classes.

        Args:
            text: the CSV; imagenet_classes holds classes, ``;`` between, or nothing. A class is an index from 0, a name
                of the list of classes, or a lemma or the wnid of its synset.
            source: the file's name, for errors.
            class_map: the classes of the model.

        Raises:
            ImageLakeError: a folder or label is empty, a folder is repeated, a class is unknown or could be one of two,
                or one label is given different classes. The message names the line and the nearest valid choices.
        """
        lines: dict[str, Row] = {}
        by_label: dict[str, tuple[Row, frozenset[int]]] = {}
        find = _ClassFinder(class_map)
        entries = []
        for row in read_rows(text, source, COLUMNS):
            entry = _folder_label(row, find)
            _check_folder(lines, row)
            _check_label(by_label, entry, row)
            entries.append(entry)
        return cls(entries, source)

    def __contains__(self, folder: object) -> bool:
        return folder in self._folders

    def __len__(self) -> int:
        return len(self._folders)

    @property
    def folders(self) -> tuple[FolderLabel, ...]:
        """Every folder, in the source's order."""
        return tuple(self._folders.values())

    def folder(self, name: str) -> FolderLabel:
        """The label and classes of a folder.

        Raises:
            ImageLakeError: the map has no such folder.
        """
        if name not in self._folders:
            raise ImageLakeError(f"{self._source}: no folder {name!r}; {nearest(name, self._folders)}")
        return self._folders[name]

    def classes_by_label(self) -> dict[str, frozenset[int]]:
        """The classes that count as each label."""
        return {entry.label: entry.classes for entry in self.folders}


class _ClassFinder:
    """Finds the class that a cell names."""

    def __init__(self, class_map: ClassMap) -> None:
        self._class_map, self._names = class_map, ClassNames(class_map)
        self._own = {name_key(known.name): index for index, known in enumerate(class_map.classes)}

    def __call__(self, wanted: str, row: Row) -> int:
        if wanted.lstrip("+-").isdecimal():
            return self._by_index(wanted, row)
        # The list's own names are unique, so they come before the lemmas, which several classes can share.
        if name_key(wanted) in self._own:
            return self._own[name_key(wanted)]
        by_wnid = self._names.by_wnid(wanted)
        found = self._names.by_key(wanted) if by_wnid is None else by_wnid
        if len(found) > 1:
            choices = ", ".join(describe_class(self._class_map.classes[index]) for index in sorted(found))
            row.fail(f"imagenet_classes has {wanted!r}, which several classes are called: {choices}; give the wnid")
        if not found:
            near = nearest(wanted, (known.name for known in self._class_map.classes))
            row.fail(f"imagenet_classes has the unknown class {wanted!r}; {near}")
        return min(found)

    def _by_index(self, wanted: str, row: Row) -> int:
        if not (wanted.isdecimal() and int(wanted) < len(self._class_map)):
            row.fail(
                f"imagenet_classes has the index {wanted}; the model's classes are 0 to {len(self._class_map) - 1}"
            )
        return int(wanted)


def _folder_label(row: Row, find: _ClassFinder) -> FolderLabel:
    for column in ("folder", "label"):
        if not row[column]:
            row.fail(f"{column} is empty")
    wanted = [part.strip() for part in row["imagenet_classes"].split(";") if part.strip()]
    return FolderLabel(row["folder"], row["label"], frozenset(find(part, row) for part in wanted))


def _check_folder(lines: dict[str, Row], row: Row) -> None:
    if row["folder"] in lines:
        row.fail(f"folder {row['folder']!r} stands on line {lines[row['folder']].line} already")
    lines[row["folder"]] = row


def _check_label(by_label: dict[str, tuple[Row, frozenset[int]]], entry: FolderLabel, row: Row) -> None:
    first, classes = by_label.setdefault(entry.label, (row, entry.classes))
    if classes != entry.classes:
        here, there = sorted(entry.classes), sorted(classes)
        row.fail(f"label {entry.label!r} means the classes {here} here and {there} on line {first.line}")
