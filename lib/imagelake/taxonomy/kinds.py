"""A hierarchy written down by hand: which labels are kinds of which, for lakes that bring no hierarchy of their own."""

from __future__ import annotations

from imagelake.taxonomy.csv_rows import Row, read_rows
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.hierarchy_json import Edge

COLUMNS = ("label", "kinds")
ROOT = "Entity"


def read_kinds(text: str, source: str) -> Hierarchy:
    """The hierarchy of a CSV with the columns label and kinds, ``;`` between; what is no kind hangs below the root.

    Raises:
        ImageLakeError: a label is empty, repeated or without kinds, or its own ancestor.
    """
    kinds: dict[str, list[str]] = {}
    for row in read_rows(text, source, COLUMNS):
        _check(row, kinds)
        kinds[row["label"]] = [kind.strip() for kind in row["kinds"].split(";") if kind.strip()]
    below = {kind for listed in kinds.values() for kind in listed}
    tops = [Edge(ROOT, label, "subcategory") for label in kinds if label not in below]
    edges = [Edge(label, kind, "subcategory") for label, listed in kinds.items() for kind in listed]
    return Hierarchy(ROOT, [*tops, *edges], source)


def _check(row: Row, kinds: dict[str, list[str]]) -> None:
    if not row["label"] or not row["kinds"].strip("; "):
        row.fail("a label and at least one kind of it are needed")
    if row["label"] in kinds:
        row.fail(f"label {row['label']!r} is there already")
