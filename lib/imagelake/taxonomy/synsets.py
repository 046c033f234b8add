"""The synsets of ImageNet's classes: WordNet's identifier of each, and all of its names."""

from __future__ import annotations

import re
from typing import NamedTuple

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.csv_rows import Row, read_rows

COLUMNS = ("imagenet_index", "wnid", "lemmas")
WNID = re.compile(r"n\d{8}")


class Synset(NamedTuple):
    """A noun of WordNet: its identifier, such as n02110341, and the words that are names of it."""

    wnid: str
    lemmas: tuple[str, ...]


def read_synsets(text: str, source: str) -> tuple[Synset, ...]:
    """The synsets of a CSV with the columns imagenet_index, wnid and lemmas (``;`` between), in the order of the index.

    Raises:
        ImageLakeError: an index is not the number of its line, a wnid is none or repeated, or a synset has no lemma.
    """
    lines: dict[str, int] = {}
    synsets = []
    for index, row in enumerate(read_rows(text, source, COLUMNS)):
        synsets.append(_synset(row, index))
        if (first := lines.setdefault(row["wnid"], row.line)) != row.line:
            row.fail(f"wnid {row['wnid']} stands on line {first} already")
    if not synsets:
        raise ImageLakeError(f"{source}: no synsets below the header")
    return tuple(synsets)


def _synset(row: Row, index: int) -> Synset:
    if row["imagenet_index"] != str(index):
        row.fail(f"imagenet_index {row['imagenet_index']!r} where {index} is due")
    if not WNID.fullmatch(row["wnid"]):
        row.fail(f"wnid {row['wnid']!r} is not n and eight digits")
    lemmas = tuple(lemma.strip() for lemma in row["lemmas"].split(";") if lemma.strip())
    if not lemmas:
        row.fail("lemmas is empty")
    return Synset(row["wnid"], lemmas)
