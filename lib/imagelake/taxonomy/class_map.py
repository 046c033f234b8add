"""The class map: each class of a model and the label that contains it.

A label contains a class when every picture of the class is a picture of the label: a Dalmatian is a Dog, a rhinoceros
beetle is a Beetle and no Rhinoceros. A class that no label contains has none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeVar, cast, get_args

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.csv_rows import Row, read_rows
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.synsets import Synset

COLUMNS = ("imagenet_index", "imagenet_class", "label", "relation")
MapRelation = Literal["same", "narrower"]
_Key = TypeVar("_Key")


class ModelClass(NamedTuple):
    """One output of a model.

    ``label`` is the most specific label that contains the class, None where none does. ``relation`` is ``same`` or, for
    a class narrower than its label, ``narrower``. ``synset`` is known of ImageNet's classes.
    """

    name: str
    label: str | None
    relation: MapRelation | None
    synset: Synset | None = None


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
    def from_csv(cls, text: str, source: str) -> ClassMap:
        """Read a map with the columns imagenet_index, imagenet_class, label and relation, in any order of lines.

        Args:
            text: the CSV; label and relation are both empty where no label contains the class.
            source: the file's name, for errors.

        Raises:
            ImageLakeError: an index is missing, repeated or no number, a class name is empty or repeated, or a relation
                is none of same, narrower and empty. The message names the line.
        """
        rows = read_rows(text, source, COLUMNS)
        by_index: dict[int, Row] = {}
        lines_by_name: dict[str, Row] = {}
        for row in rows:
            _once(by_index, _index(row), row, f"imagenet_index {row['imagenet_index']}")
            _once(lines_by_name, row["imagenet_class"].casefold(), row, f"imagenet_class {row['imagenet_class']!r}")
        _check_complete(by_index, source)
        return cls([_model_class(by_index[index]) for index in sorted(by_index)])

    def with_synsets(self, synsets: Sequence[Synset]) -> ClassMap:
        """The same classes with the synset of each.

        Raises:
            ImageLakeError: there are not as many synsets as classes.
        """
        if len(synsets) != len(self):
            raise ImageLakeError(f"{len(synsets)} synsets for {len(self)} classes; each class needs one")
        return ClassMap([known._replace(synset=synset) for known, synset in zip(self.classes, synsets, strict=True)])

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def labels(self) -> frozenset[str]:
        """The labels that contain some class directly."""
        return frozenset(self._by_label)

    def classes_of(self, label: str, hierarchy: Hierarchy | None = None) -> frozenset[int]:
        """The classes that count as a label: those that it or one of its descendants contains.

        A label that the hierarchy does not know has no descendants.
        """
        below = hierarchy.descendants(label) if hierarchy and label in hierarchy else frozenset()
        return frozenset().union(*(self._by_label.get(name, frozenset()) for name in {label, *below}))


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


def _model_class(row: Row) -> ModelClass:
    name, label, relation = row["imagenet_class"], row["label"], row["relation"]
    if not name:
        row.fail("imagenet_class is empty")
    if relation not in ("", *get_args(MapRelation)):
        row.fail(f"relation {relation!r} is not one of 'same', 'narrower' or empty")
    if bool(label) != bool(relation):
        row.fail(f"label {label!r} with relation {relation!r}: either both are given or both are empty")
    return ModelClass(name, label or None, cast("MapRelation", relation) if relation else None)
