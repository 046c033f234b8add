"""Names from users' files, which may have any script, length and control characters, as text for pages."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

ELLIPSIS = "…"


def clean_name(name: object) -> str:
    """A name on one line: control characters, such as line breaks and direction overrides, become blanks."""
    text = "".join(
        " " if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else letter for letter in str(name)
    )
    return " ".join(text.split())


def short_name(name: object, width: int) -> str:
    """A name of at most ``width`` columns; wide letters of East Asian scripts take two."""
    text = clean_name(name)
    if columns_of(text) <= width:
        return text
    while text and columns_of(text) > width - 1:
        text = text[:-1]
    return text.rstrip() + ELLIPSIS


def words(identifier: object) -> str:
    """An identifier as words: ``low_confidence`` is *low confidence*."""
    return clean_name(identifier).replace("_", " ")


def columns_of(text: str) -> int:
    """The columns that a text takes in a terminal; wide letters of East Asian scripts take two."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def listed(names: Iterable[object], most: int) -> str:
    """The first names, and how many more there are: ``Animal, Bird and 2 more``."""
    cleaned = list(map(clean_name, names))
    more = f" and {len(cleaned) - most} more" if len(cleaned) > most else ""
    return ", ".join(cleaned[:most]) + more


def said_label(label: str, present: bool | None) -> str:
    """What is said of an image: a label, or that it is not there; null in tables of former versions is a label."""
    return label if present is None or present else f"not {label}"
