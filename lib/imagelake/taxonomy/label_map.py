"""A user's label map: the label of each folder of photos and the classes that count as it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.class_map import ClassMap
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
            text: the CSV; imagenet_classes holds indices from 0 or class names, ``;`` between, or nothing.
            source: the file's name, for errors.
            class_map: the classes of the model.

        Raises:
            ImageLakeError: a folder or label is empty, a folder is repeated, a class is unknown, or one label is given
                different classes. The message names the line and the nearest valid choices.
        """
        lines: dict[str, Row] = {}
        by_label: dict[str, tuple[Row, frozenset[int]]] = {}
        indices = {name_key(c.name): index for index, c in enumerate(class_map.classes)}
        entries = []
        for row in read_rows(text, source, COLUMNS):
            entry = _folder_label(row, class_map, indices)
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


def _folder_label(row: Row, class_map: ClassMap, indices: dict[str, int]) -> FolderLabel:
    for column in ("folder", "label"):
        if not row[column]:
            row.fail(f"{column} is empty")
    wanted = [part.strip() for part in row["imagenet_classes"].split(";") if part.strip()]
    return FolderLabel(row["folder"], row["label"], frozenset(_class(part, row, class_map, indices) for part in wanted))


def _class(wanted: str, row: Row, class_map: ClassMap, indices: dict[str, int]) -> int:
    if wanted.lstrip("+-").isdecimal():
        if not (wanted.isdecimal() and int(wanted) < len(class_map)):
            row.fail(f"imagenet_classes has the index {wanted}; the model's classes are 0 to {len(class_map) - 1}")
        return int(wanted)
    if name_key(wanted) not in indices:
        near = nearest(wanted, (model_class.name for model_class in class_map.classes))
        row.fail(f"imagenet_classes has the unknown class {wanted!r}; {near}")
    return indices[name_key(wanted)]


def _check_folder(lines: dict[str, Row], row: Row) -> None:
    if row["folder"] in lines:
        row.fail(f"folder {row['folder']!r} stands on line {lines[row['folder']].line} already")
    lines[row["folder"]] = row


def _check_label(by_label: dict[str, tuple[Row, frozenset[int]]], entry: FolderLabel, row: Row) -> None:
    first, classes = by_label.setdefault(entry.label, (row, entry.classes))
    if classes != entry.classes:
        here, there = sorted(entry.classes), sorted(classes)
        row.fail(f"label {entry.label!r} means the classes {here} here and {there} on line {first.line}")
