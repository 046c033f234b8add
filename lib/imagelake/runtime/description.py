"""What the source of a job says of its command line, read without running it: to import a job is to import Spark."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from imagelake.runtime.options import Shortcut


@dataclass(frozen=True)
class Description:
    """A job as its help shows it."""

    name: str
    doc: str
    settings: tuple[str, ...]
    shortcuts: tuple[Shortcut, ...]


def describe(file: Path) -> Description:
    """The description of a job's file, whose call of ``Job`` states settings and shortcuts as literals."""
    source = ast.parse(file.read_text(encoding="utf-8"))
    stated = _arguments_of_job(source)
    shortcuts = ast.walk(stated.get("shortcuts", ast.Tuple([])))
    return Description(
        name=file.stem,
        doc=ast.get_docstring(source, clean=False) or "",
        settings=ast.literal_eval(stated["settings"]) if "settings" in stated else (),
        shortcuts=tuple(_shortcut(node) for node in shortcuts if isinstance(node, ast.Call)),
    )


def _arguments_of_job(source: ast.Module) -> Mapping[str, ast.expr]:
    """The keyword arguments of ``JOB = Job(...)``."""
    values = [
        node.value
        for node in source.body
        if isinstance(node, ast.Assign) and [ast.unparse(name) for name in node.targets] == ["JOB"]
    ]
    calls = [value for value in values if isinstance(value, ast.Call)]
    return {word.arg: word.value for call in calls for word in call.keywords if word.arg}


def _shortcut(call: ast.Call) -> Shortcut:
    return Shortcut(
        *(ast.literal_eval(value) for value in call.args),
        **{word.arg: ast.literal_eval(word.value) for word in call.keywords if word.arg},
    )
