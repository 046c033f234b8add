"""One term for one thing: private words stay out of the code, and the glossary names what exists."""

from __future__ import annotations

import ast
import re
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from imagelake.config import Config
from imagelake.tables import TABLES
from project import PROJECT

# Private word -> the term to use, and the parts of the path where the word has its plain meaning.
WORDS: dict[str, tuple[str, tuple[str, ...]]] = {
    "eyes?": ("predictor", ("samples/painting/", "measures/discriminant.py", "training/sample_weights.py")),
    "seen": ("predicted", ("samples/painting/",)),
    "wish(es)?": ("overrides", ()),
    "hopes?": ("retry policy", ()),
    "patien(ce|t|tly)": ("retry policy", ("training/", "config.py")),
    "manner": ("options", ()),
    "places?": ("row number, position", ("samples/painting/",)),
    "asked": ("query, requested", ()),
    "told": ("note", ()),
    "condemns?": ("refuse", ()),
    "dress": ("style", ()),
}
# Word -> the parts of the path where it has its one meaning, or is the name of another library's argument.
ONE_MEANING: dict[str, tuple[str, ...]] = {
    "facts?": ("samples/", "jobs/draw_sample_lake.py"),
    "kinds?": (
        *("config.py", "tables.py", "reports/", "web/api.py", "transforms/rank/", "jobs/rank_images.py"),
        *("samples/painting/", "transforms/rows/features.py", "vision/engine.py"),
        "measures/label_errors.py",
        "imagelake/library/",
    ),
}
# NumPy's own name for how it sorts.
_SORTING = re.compile(r"""\bkind=["']stable["']""")
# The rooms of the search, where a query is asked of an index.
SEARCH = ("imagelake/search/", "imagelake/serving/", "transforms/search/", "search_similar_images", "build_image_index")
SOURCES = [
    file
    for folder in ("lib", "jobs")
    for file in sorted((PROJECT / folder).rglob("*.py"))
    if not any(part in file.as_posix() for part in SEARCH)
]
GLOSSARY = (PROJECT / "docs" / "glossary.md").read_text(encoding="utf-8")
WHERE = [
    name
    for line in GLOSSARY.splitlines()
    if line.startswith("| ") and not line.startswith("| term")
    for name in re.findall(r"`([^`]+)`", line.split(" | ")[-1])
]
DEFINED = {
    node.name
    for file in sorted((PROJECT / "lib").rglob("*.py"))
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
    if isinstance(node, ast.ClassDef | ast.FunctionDef)
}


@cache
def words_of(file: Path) -> tuple[tuple[int, str], ...]:
    """Line and lower-case word of every identifier, docstring and comment of a file; not of other strings."""
    return tuple(_words_of(file))


def _words_of(file: Path) -> Iterator[tuple[int, str]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from ((getattr(node, "lineno", 1), word) for word in words_in(ast.get_docstring(node) or ""))
    with file.open("rb") as lines:
        for token in tokenize.tokenize(lines.readline):
            if token.type in (tokenize.NAME, tokenize.COMMENT) and not _SORTING.search(token.line):
                yield from ((token.start[0], word) for word in words_in(token.string))


def words_in(text: str) -> Iterator[str]:
    """The words of a text in lower case; `_PATIENCE_S` and `LongPatience` both have the word patience."""
    return (word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", text))


def uses(pattern: str, allowed: tuple[str, ...]) -> list[str]:
    """`file:line: word` of each use of a word outside the allowed paths."""
    return [
        f"{file.relative_to(PROJECT)}:{line}: {word}"
        for file in SOURCES
        if not any(path in file.as_posix() for path in allowed)
        for line, word in words_of(file)
        if re.fullmatch(pattern, word)
    ]


@pytest.mark.parametrize("pattern", WORDS)
def test_private_words_do_not_come_back(pattern: str) -> None:
    """No identifier, docstring or comment has a word for which the field has a term."""
    term, allowed = WORDS[pattern]
    assert uses(pattern, allowed) == [], f"say: {term}"


@pytest.mark.parametrize("pattern", ONE_MEANING)
def test_a_word_has_one_meaning(pattern: str) -> None:
    """A fact is planted in the sample lake, and a kind is photo or depiction; other things have other names."""
    assert uses(pattern, ONE_MEANING[pattern]) == []


@pytest.mark.parametrize("name", WHERE)
def test_the_glossary_names_what_exists(name: str) -> None:
    """A table, a column, a setting or a name of the library stands behind every term."""
    if name.startswith("["):
        section, setting = name[1:].split("] ")
        assert setting in Config.model_fields[section].annotation.model_fields  # type: ignore[union-attr]
    elif (table := name.partition(".")[0]) in TABLES:
        column = name.partition(".")[2]
        assert not column or column in {one.name for one in TABLES[table].columns}
    else:
        assert name in DEFINED


def test_the_glossary_is_a_sorted_table_of_three_columns() -> None:
    """Every row has a term, a meaning and a place; terms are in alphabetical order."""
    rows = [line.strip("|").split(" | ") for line in GLOSSARY.splitlines() if line.startswith("| ")][1:]
    assert all(len(row) == 3 and all(cell.strip() for cell in row) for row in rows)
    terms = [row[0].strip().lower() for row in rows]
    assert terms == sorted(terms)
