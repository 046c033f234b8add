"""Synonyms of labels and classes: a small table of name, synonym and relation.

- ``same``: two names of one thing, e.g. rhino and Rhinoceros, or a label's name in another release.
- ``narrower``: the name is a class that the synonym contains, e.g. timber wolf and wolf.
- ``broader``: the name is a class that contains the synonym, e.g. porcupine or hedgehog and hedgehog.

The last two do not make the names equal; they give the classes that count as a word which is not itself a label.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import NamedTuple

from imagelake.config import conf_text
from imagelake.taxonomy.csv_rows import Row, read_rows
from imagelake.taxonomy.names import name_forms, name_key

COLUMNS = ("name", "synonym", "relation")
RELATIONS = ("same", "narrower", "broader")
FILE = "labels/synonyms.csv"


class Synonym(NamedTuple):
    """One line of the table."""

    name: str
    synonym: str
    relation: str


class Synonyms:
    """The table, with lookup by any of its names in any case, separators and number."""

    def __init__(self, rows: Iterable[Synonym] = ()) -> None:
        """Index the table."""
        self.rows = tuple(rows)
        self._groups: dict[str, frozenset[str]] = {}
        self._classes: dict[str, frozenset[str]] = {}
        for row in self.rows:
            if row.relation == "same":
                self._join(row)
            else:
                key = name_key(row.synonym)
                self._classes[key] = self._classes.get(key, frozenset()) | {name_key(row.name)}

    @classmethod
    def from_csv(cls, text: str, source: str) -> Synonyms:
        """Read a CSV with the columns name, synonym and relation.

        Raises:
            ImageLakeError: a cell is empty, a relation is unknown, a line repeats another, or a synonym is the same as
                two different names, which would make them one. The message names the line.
        """
        lines: dict[str, Row] = {}
        rows = []
        for row in read_rows(text, source, COLUMNS):
            rows.append(_synonym(row))
            _check_new(lines, row)
        return cls(rows)

    def names_for(self, word: str) -> frozenset[str]:
        """The keys of all names with the relation ``same`` to a word; the word's own forms only if listed."""
        return frozenset().union(*(self._groups.get(form, frozenset()) for form in name_forms(word)))

    def classes_for(self, word: str) -> frozenset[str]:
        """The keys of the classes that are narrower or broader than a word."""
        return frozenset().union(*(self._classes.get(form, frozenset()) for form in name_forms(word)))

    def _join(self, row: Synonym) -> None:
        name, synonym = name_key(row.name), name_key(row.synonym)
        group = self._groups.get(name, frozenset({name})) | self._groups.get(synonym, frozenset({synonym}))
        for member in group:
            self._groups[member] = group


@cache
def shipped_synonyms() -> Synonyms:
    """The table under conf/."""
    return Synonyms.from_csv(conf_text(FILE), f"conf/{FILE}")


def _synonym(row: Row) -> Synonym:
    for column in ("name", "synonym"):
        if not row[column]:
            row.fail(f"{column} is empty")
    if row["relation"] not in RELATIONS:
        row.fail(f"relation {row['relation']!r} is not one of {', '.join(map(repr, RELATIONS))}")
    return Synonym(row["name"], row["synonym"], row["relation"])


def _check_new(lines: dict[str, Row], row: Row) -> None:
    # A word may be the broader or narrower name of many classes, but the same as one name only.
    same = row["relation"] == "same"
    key = name_key(row["synonym"]) if same else f"{name_key(row['synonym'])}|{name_key(row['name'])}"
    if key in lines:
        row.fail(f"synonym {row['synonym']!r} stands on line {lines[key].line} already, for {lines[key]['name']!r}")
    lines[key] = row
