"""Names of Open Images classes and their machine identifiers (MIDs, such as ``/m/096mb``)."""

from __future__ import annotations

import csv
import difflib
from collections.abc import Iterable
from pathlib import Path

from imagelake.errors import ImageLakeError

Classes = dict[str, str]


def read_classes(files: Iterable[Path]) -> Classes:
    """MID -> display name of every class in class description files, with or without a header line.

    Raises:
        ImageLakeError: a file is no CSV.
    """
    classes: Classes = {}
    for file in files:
        with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            rows = (row for row in csv.reader(stream) if len(row) == 2 and row[0].startswith("/"))
            try:
                for mid, name in rows:
                    classes.setdefault(mid, name)
            except csv.Error as error:
                raise ImageLakeError(f"{file}: not CSV: {error}") from None
    return classes


def find_classes(labels: Iterable[str], files: list[Path]) -> Classes:
    """The classes that labels name: by display name, exact or else whatever its case, or by MID.

    Raises:
        ImageLakeError: a label names no class, or several; all such labels are in the message, with the files and
            the nearest names.
    """
    classes = read_classes(files)
    found: Classes = {}
    problems = []
    for label in labels:
        matches = _matches(label, classes)
        if len(matches) == 1:
            found[matches[0]] = classes[matches[0]]
        else:
            problems.append(_problem(label, matches, classes))
    if problems:
        where = " or ".join(str(file) for file in files)
        raise ImageLakeError(f"{'; '.join(problems)} (looked in {where}, {len(classes):,} classes)")
    return found


def _matches(label: str, classes: Classes) -> list[str]:
    if label in classes:
        return [label]
    exact = [mid for mid, name in classes.items() if name == label]
    return exact or [mid for mid, name in classes.items() if name.casefold() == label.casefold()]


def _problem(label: str, matches: list[str], classes: Classes) -> str:
    if matches:
        return f"label {label!r} is the name of several classes, choose by MID: {', '.join(sorted(matches))}"
    names = {name.casefold(): name for name in classes.values()}
    near = difflib.get_close_matches(label.casefold(), names, n=5, cutoff=0.5)
    hint = f"nearest: {', '.join(names[name] for name in near)}" if near else "no name is near to it"
    return f"unknown label {label!r}, {hint}"
