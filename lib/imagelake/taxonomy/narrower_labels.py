"""The hierarchy of conf/labels/narrower_labels.csv, for lakes that bring no hierarchy of their own."""

from __future__ import annotations

from imagelake.taxonomy.csv_rows import Row, read_rows
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.taxonomy.hierarchy_json import Edge

COLUMNS = ("label", "narrower")
ROOT = "Entity"


def read_narrower_labels(text: str, source: str) -> Hierarchy:
    """The hierarchy of a CSV with the columns label and narrower (labels, ``;`` between).

    A label that is narrower than no other one is a child of the root.

    Raises:
        ImageLakeError: a label is empty, repeated, without a narrower one, or its own ancestor.
    """
    narrower: dict[str, list[str]] = {}
    for row in read_rows(text, source, COLUMNS):
        _check(row, narrower)
        narrower[row["label"]] = [label.strip() for label in row["narrower"].split(";") if label.strip()]
    below = {label for listed in narrower.values() for label in listed}
    tops = [Edge(ROOT, label, "subcategory") for label in narrower if label not in below]
    edges = [Edge(label, child, "subcategory") for label, listed in narrower.items() for child in listed]
    return Hierarchy(ROOT, [*tops, *edges], source)


def _check(row: Row, narrower: dict[str, list[str]]) -> None:
    if not row["label"] or not row["narrower"].strip("; "):
        row.fail("a label and at least one narrower label are needed")
    if row["label"] in narrower:
        row.fail(f"label {row['label']!r} is there already")
