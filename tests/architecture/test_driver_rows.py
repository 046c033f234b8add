"""No step brings rows to the driver in proportion to the lake: each call that brings some is listed with its bound."""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from project import PROJECT

CALLS = {"collect", "toPandas", "toLocalIterator", "toArrow", "collectAsMap", "collectAsArrow"}
SOURCES = sorted([*(PROJECT / "lib").rglob("*.py"), *(PROJECT / "jobs").glob("*.py")])


def calls(node: ast.AST, function: str = "") -> Iterator[str]:
    """The function around each call that brings rows to the driver; those with arguments are other functions."""
    for child in ast.iter_child_nodes(node):
        inside = child.name if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef) else function
        if (
            isinstance(child, ast.Call)
            and isinstance(child.func, ast.Attribute)
            and child.func.attr in CALLS
            and not child.args
        ):
            yield inside
        yield from calls(child, inside)


def found_in(files: list[Path]) -> Counter[tuple[str, str]]:
    """(file, function) -> how many calls."""
    return Counter(
        (file.relative_to(PROJECT).as_posix(), function)
        for file in files
        for function in calls(ast.parse(file.read_text(encoding="utf-8")))
    )


def test_rows_come_to_the_driver_within_bounds() -> None:
    """Every call stands in tests/driver_rows.toml with what bounds its rows, and every line there is still true."""
    rows = tomllib.loads((PROJECT / "tests" / "driver_rows.toml").read_text(encoding="utf-8"))["calls"]
    listed = {(file, function): count for file, function, count, _ in rows}
    assert len(listed) == len(rows)
    assert all(len(bound) >= 2 for *_, bound in rows)
    found = found_in(SOURCES)
    assert {call: count for call, count in found.items() if listed.get(call) != count} == {}, "state what bounds them"
    assert set(listed) - set(found) == set(), "no longer there"


def test_a_call_would_be_found() -> None:
    """The search sees methods and nested functions, and no function of the same name that takes arguments."""
    text = (
        "def a(f):\n    def b():\n        return f.toPandas()\n    return f.collect()\n"
        "x = f.toLocalIterator(prefetchPartitions=True)\ny = Rows.collect(f, g)\n"
    )
    assert sorted(calls(ast.parse(text))) == ["", "a", "b"]
