"""The two published JSON forms of the Open Images hierarchy, read into edges.

The official file nests ``{"LabelName": MID, "Subcategory": [...], "Part": [...]}``; the file of the visualizer nests
``{"name": name, "children": [...], "size": number}`` and does not tell parts from subcategories. A
label with several parents is written out under each of them.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterator
from typing import Any, Literal, NamedTuple

from imagelake.errors import ImageLakeError

Relation = Literal["subcategory", "part"]


class Edge(NamedTuple):
    """A label directly below another."""

    parent: str
    child: str
    relation: Relation


class _Form(NamedTuple):
    name_key: str
    list_keys: dict[str, Relation]
    ignored: frozenset[str]


OFFICIAL = _Form("LabelName", {"Subcategory": "subcategory", "Part": "part"}, frozenset())
VISUALIZER = _Form("name", {"children": "subcategory"}, frozenset({"size"}))


def read_hierarchy_json(text: str, source: str) -> tuple[str, list[Edge]]:
    """The root's name and every edge, breadth first.

    Raises:
        ImageLakeError: the text is not JSON, or not of either form; the message names the node at fault.
    """
    top = _load(text, source)
    if not isinstance(top, dict):
        raise ImageLakeError(f"{source}: the hierarchy is one JSON object, this is a {type(top).__name__}")
    form = _form_of(top, source)
    try:
        return _name_of(top, form, "the root"), list(_edges(top, form))
    except _BadNodeError as error:
        raise ImageLakeError(f"{source}: {error}") from None


class _BadNodeError(Exception):
    pass


def _load(text: str, source: str) -> Any:
    try:
        return json.loads(text.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        raise ImageLakeError(f"{source} line {error.lineno} column {error.colno}: not JSON: {error.msg}") from None
    except ValueError as error:  # a number of thousands of digits
        raise ImageLakeError(f"{source}: {error}") from None
    except RecursionError:
        raise ImageLakeError(f"{source}: nested too deeply to be a hierarchy of labels") from None


def _form_of(top: dict[str, Any], source: str) -> _Form:
    forms = [form for form in (OFFICIAL, VISUALIZER) if form.name_key in top]
    if len(forms) != 1:
        raise ImageLakeError(f"{source}: the root has the keys {sorted(top)}; one of 'LabelName' or 'name' is needed")
    return forms[0]


def _edges(top: dict[str, Any], form: _Form) -> Iterator[Edge]:
    waiting = deque([top])  # no recursion, since the depth of the text is unknown
    while waiting:
        node = waiting.popleft()
        name = _name_of(node, form, "a node")
        _check_keys(node, name, form)
        for key, relation in form.list_keys.items():
            children = _children(node, name, key)
            yield from (Edge(name, _name_of(child, form, f"a child of {name!r}"), relation) for child in children)
            waiting.extend(children)


def _name_of(node: dict[str, Any], form: _Form, where: str) -> str:
    name = node.get(form.name_key)
    if not isinstance(name, str) or not name.strip():
        raise _BadNodeError(f"{where} has no text under {form.name_key!r}: {json.dumps(node)[:80]}")
    return name


def _check_keys(node: dict[str, Any], name: str, form: _Form) -> None:
    known = {form.name_key, *form.list_keys, *form.ignored}
    unknown = sorted(node.keys() - known)
    if unknown:
        raise _BadNodeError(f"node {name!r} has the unknown key {unknown[0]!r}; known: {', '.join(sorted(known))}")


def _children(node: dict[str, Any], name: str, key: str) -> list[dict[str, Any]]:
    children = node.get(key, [])
    if not isinstance(children, list) or not all(isinstance(child, dict) for child in children):
        raise _BadNodeError(f"{key!r} of node {name!r} is not a list of objects")
    return children
