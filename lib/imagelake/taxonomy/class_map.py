"""The class map: each class of a model and the label that contains it.

A label contains a class when every picture of the class is a picture of the label: a Dalmatian is a Dog, a rhinoceros
beetle is a Beetle and no Rhinoceros. A class that no label contains has none.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Sequence
from typing import Literal, NamedTuple, TypeVar, cast, get_args

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.csv_rows import Row, nearest, read_rows
from imagelake.taxonomy.hierarchy import Hierarchy

COLUMNS = ("imagenet_index", "imagenet_class", "label", "relation")
MapRelation = Literal["same", "narrower"]
_Key = TypeVar("_Key")


class ModelClass(NamedTuple):
    """One output of a model.

    ``label`` is the most specific label that contains the class, None where none does. ``relation`` is ``same`` or, for
    a class narrower than its label, ``narrower``.
    """

    name: str
    label: str | None
    relation: MapRelation | None


class ClassMap:
    """The classes of a model by output index, from 0, and the labels that contain them."""

    def __init__(self, classes: Sequence[ModelClass]) -> None:
        """Index the classes by label."""
        self.classes = tuple(classes)
        by_label: dict[str, set[int]] = {}
        for index, model_class in enumerate(self.classes):
            if model_class.label is not None:
                by_label.setdefault(model_class.label, set()).add(index)
        self._by_label = {label: frozenset(indices) for label, indices in by_label.items()}

    @classmethod
    def from_csv(cls, text: str, source: str, known_labels: Collection[str] | None = None) -> ClassMap:
        """Read a map with the columns imagenet_index, imagenet_class, label and relation, in any order of lines.

        Args:
            text: the CSV; label and relation are both empty where no label contains the class.
            source: the file's name, for errors.
            known_labels: where given, every label must be one of them.

        Raises:
            ImageLakeError: an index is missing, repeated or no number, a class name is empty or repeated, a label is
                unknown, or a relation is none of same, narrower and empty. The message names the line.
        """
        rows = read_rows(text, source, COLUMNS)
        labels = None if known_labels is None else frozenset(known_labels)
        by_index: dict[int, Row] = {}
        lines_by_name: dict[str, Row] = {}
        for row in rows:
            _once(by_index, _index(row), row, f"imagenet_index {row['imagenet_index']}")
            _once(lines_by_name, row["imagenet_class"].casefold(), row, f"imagenet_class {row['imagenet_class']!r}")
        _check_complete(by_index, source)
        return cls([_model_class(by_index[index], labels) for index in sorted(by_index)])

    @classmethod
    def from_names(cls, names: Iterable[str], source: str = "class names") -> ClassMap:
        """The map of a model trained on a lake's own labels: each class is the label of the same name.

        Raises:
            ImageLakeError: there is no name, or one is empty or repeated.
        """
        listed = list(names)
        blank = [f"class {index} has no name" for index, name in enumerate(listed) if not name.strip()]
        repeated = [f"{name!r} is repeated" for name in dict.fromkeys(listed) if listed.count(name) > 1]
        faults = blank + repeated or ([] if listed else ["no class"])
        if faults:
            raise ImageLakeError(f"{source}: {faults[0]}; each output of the model needs a name of its own")
        return cls([ModelClass(name, name, "same") for name in listed])

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def labels(self) -> frozenset[str]:
        """The labels that contain some class directly."""
        return frozenset(self._by_label)

    def class_name(self, class_index: int) -> str:
        """The readable name of a class.

        Raises:
            ImageLakeError: the model has no such output.
        """
        return self._class(class_index).name

    def label_of(self, class_index: int) -> str | None:
        """The most specific label that contains a class, None where none does.

        Raises:
            ImageLakeError: the model has no such output.
        """
        return self._class(class_index).label

    def classes_of(self, label: str, hierarchy: Hierarchy | None = None) -> frozenset[int]:
        """The classes that count as a label: those that it or one of its descendants contains.

        A label that the hierarchy does not know has no descendants.
        """
        below = hierarchy.descendants(label) if hierarchy and label in hierarchy else frozenset()
        return frozenset().union(*(self._by_label.get(name, frozenset()) for name in {label, *below}))

    def covers(self, label: str, hierarchy: Hierarchy | None = None) -> bool:
        """Whether any class means the label; where none does the model cannot be judged on it."""
        return bool(self.classes_of(label, hierarchy))

    @property
    def digest(self) -> str:
        """A short hash of the names, labels and relations: equal digests mean equal maps."""
        lines = ("\t".join((c.name, c.label or "", c.relation or "")) for c in self.classes)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]

    def _class(self, class_index: int) -> ModelClass:
        if not 0 <= class_index < len(self.classes):
            raise ImageLakeError(f"class {class_index} is not one of the {len(self)} classes 0 to {len(self) - 1}")
        return self.classes[class_index]


def _once(lines: dict[_Key, Row], key: _Key, row: Row, what: str) -> None:
    if key in lines:
        row.fail(f"{what} stands on line {lines[key].line} already")
    lines[key] = row


def _index(row: Row) -> int:
    value = row["imagenet_index"]
    if not (value.isascii() and value.isdigit()):
        row.fail(f"imagenet_index {value!r} is not a whole number from 0")
    return int(value)


def _check_complete(by_index: dict[int, Row], source: str) -> None:
    if not by_index:
        raise ImageLakeError(f"{source}: no classes below the header")
    missing = [str(index) for index in range(max(by_index)) if index not in by_index]
    if missing:
        shown = ", ".join(missing[:5]) + (", ..." if len(missing) > 5 else "")
        raise ImageLakeError(f"{source}: imagenet_index {shown} is missing; 0 to {max(by_index)} must each stand once")


def _model_class(row: Row, known_labels: frozenset[str] | None) -> ModelClass:
    name, label, relation = row["imagenet_class"], row["label"], row["relation"]
    if not name:
        row.fail("imagenet_class is empty")
    if relation not in ("", *get_args(MapRelation)):
        row.fail(f"relation {relation!r} is not one of 'same', 'narrower' or empty")
    if bool(label) != bool(relation):
        row.fail(f"label {label!r} with relation {relation!r}: either both are given or both are empty")
    if label and known_labels is not None and label not in known_labels:
        row.fail(f"label {label!r} is unknown; {nearest(label, known_labels)}")
    return ModelClass(name, label or None, cast("MapRelation", relation) if relation else None)
