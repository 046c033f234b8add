"""Which keywords stand for which label: how candidates of a data set are looked for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping

from imagelake.errors import ImageLakeError
from imagelake.taxonomy.csv_rows import read_rows


def read_keywords(text: str, source: str) -> dict[str, tuple[str, ...]]:
    """Keyword, as `plain` spells it -> its labels by name: cruiser finds ships as well as cars.

    Args:
        text: JSON, an object of labels, each with a list of keywords, or with an object whose names are these; or a
            CSV with the columns label and keyword.
        source: the file's name, for errors.

    Raises:
        ImageLakeError: it is neither, there is no keyword, or a label or keyword is empty.
    """
    pairs = _from_json(text, source) if source.lower().endswith(".json") else _from_csv(text, source)
    labels: dict[str, set[str]] = {}
    for label, keyword in pairs:
        if not label.strip() or not plain(keyword):
            raise ImageLakeError(f"{source}: an empty label or keyword: {label!r}, {keyword!r}")
        labels.setdefault(plain(keyword), set()).add(label)
    if not labels:
        raise ImageLakeError(f"{source}: no keyword is in it")
    return {keyword: tuple(sorted(found)) for keyword, found in labels.items()}


def plain(keyword: str) -> str:
    """A keyword without case, and with blanks for underscores: tabby_cat is Tabby cat."""
    return keyword.replace("_", " ").strip().lower()


def _from_json(text: str, source: str) -> Iterator[tuple[str, str]]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ImageLakeError(f"{source}: is no JSON: {error}") from None
    if not isinstance(found, Mapping):
        raise ImageLakeError(f"{source}: expected an object label -> keywords, found {type(found).__name__}")
    for label, keywords in found.items():
        if isinstance(keywords, str) or not isinstance(keywords, Iterable):
            raise ImageLakeError(f"{source}: {label!r} has {keywords!r}; expected a list of keywords")
        for keyword in keywords:
            if not isinstance(keyword, str):
                raise ImageLakeError(f"{source}: {label!r} has the keyword {keyword!r}; expected a text")
            yield label, keyword


def _from_csv(text: str, source: str) -> Iterator[tuple[str, str]]:
    for row in read_rows(text, source, ("label", "keyword")):
        yield row["label"], row["keyword"]
