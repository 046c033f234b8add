"""Which code made a table: the release, and a hash of the source that the job can reach and of no other.

What counts is the job's own file, every module of imagelake that it imports, directly or by others, and the data that
these read: files beside the modules, such as templates, and files of conf/ and of the package that they name. Settings
(conf/*.toml) count by their values elsewhere. Imports are found by reading the source, so that those inside functions
count and those for type checkers alone do not.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any

from imagelake import __version__
from imagelake.installation import conf_folder

_PACKAGE = "imagelake"


@dataclass(frozen=True)
class Code:
    """A version of a job's code.

    Attributes:
        digest: equal for equal source and data.
    """

    digest: str

    @property
    def version(self) -> str:
        """The release and the beginning of the digest, for people, e.g. ``0.1.0+3f2a9c01``."""
        return f"{__version__}+{self.digest[:8]}"


@dataclass(frozen=True)
class _Source:
    """What one file of source says of what it needs: modules by their names, and texts that may name files."""

    content: bytes
    imports: frozenset[str]
    texts: frozenset[str]


def code_of(function: Callable[..., Any]) -> Code:
    """The code that a function can reach, with all of the file in which it stands."""
    return Code(digest_of({"job": _own_source(function)}, Tree(resources.files(_PACKAGE), conf_folder())))


@dataclass(frozen=True)
class Tree:
    """A source tree of the library: its package, and its configuration files."""

    package: Traversable
    conf: Traversable


def digest_of(first: dict[str, bytes], tree: Tree) -> str:
    """A hash of some sources, and of all that they reach in a tree.

    Args:
        first: sources by name; no names of modules.
        tree: where modules and data are looked for.
    """
    sources = {name: _parsed(content, "") for name, content in first.items()}
    modules = reachable(frozenset().union(*(source.imports for source in sources.values())), tree)
    files = {f"job {name}": source.content for name, source in sources.items()}
    files |= {f"module {name}": module.content for name, module in modules.items()}
    for path, file in _data(sources | modules, tree):
        files[f"data {path}"] = file.read_bytes()
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(f"{name}\0{hashlib.sha256(files[name]).hexdigest()}\n".encode())
    return digest.hexdigest()


def reachable(names: Iterable[str], tree: Tree) -> dict[str, _Source]:
    """The modules among some names, and all that they import; names that are none of the package's modules fall out."""
    found: dict[str, _Source] = {}
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in found or (module := _module(name, tree)) is None:
            continue
        found[name] = module
        waiting += module.imports
    return found


def _module(name: str, tree: Tree) -> _Source | None:
    folders = name.split(".")[1:]
    folder_of_module = tree.package.joinpath(*folders[:-1]) if folders else tree.package
    try:
        if folders and (file := folder_of_module / f"{folders[-1]}.py").is_file():
            return _parsed(file.read_bytes(), name.rpartition(".")[0])
        if folders and (file := folder_of_module / folders[-1] / "__init__.py").is_file():
            return _parsed(file.read_bytes(), name)
    except (NotADirectoryError, FileNotFoundError):
        pass
    return None  # the package's own __init__.py holds the release's number alone


@cache
def _parsed(content: bytes, package: str) -> _Source:
    tree = ast.parse(content)
    nodes = list(_without_type_checking(tree))
    imports = {name for node in nodes for name in _imported(node, package)}
    texts = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    return _Source(content, frozenset(imports), frozenset(text for text in texts if "." in text and "\n" not in text))


def _without_type_checking(node: ast.AST) -> Iterator[ast.AST]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING":
            continue
        yield child
        yield from _without_type_checking(child)


def _imported(node: ast.AST, package: str) -> Iterator[str]:
    """Every module that an import may mean; of ``from a import b`` both a and a.b, with the packages above them."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
        module = ".".join((*above, *((node.module,) if node.module else ())))
        names = [module, *(f"{module}.{alias.name}" for alias in node.names)]
    for name in names:
        if name.split(".")[0] == _PACKAGE:
            parts = name.split(".")
            yield from (".".join(parts[:length]) for length in range(2, len(parts) + 1))


def _data(sources: dict[str, _Source], tree: Tree) -> Iterator[tuple[str, Traversable]]:
    """The data files that sources read, by their paths."""
    folders = {tuple(name.split(".")[1:-1]) for name in sources if name}
    for folder in sorted(folders):
        if folder:
            yield from _beside("/".join(folder), tree.package.joinpath(*folder))
    for text in sorted({text for source in sources.values() for text in source.texts}):
        if text.startswith(("/", ".")) or ".." in text or text.endswith((".toml", ".py")):
            continue
        for prefix, root in (("conf", tree.conf), (_PACKAGE, tree.package)):
            try:
                file = root.joinpath(*text.split("/"))
                if file.is_file():
                    yield f"{prefix}/{text}", file
            except OSError:
                continue


def _beside(path: str, folder: Traversable) -> Iterator[tuple[str, Traversable]]:
    """Files that are no modules, in a package's folder and in those of its folders that are no packages."""
    for entry in folder.iterdir():
        here = f"{path}/{entry.name}"
        if entry.is_dir():
            if entry.name != "__pycache__" and not (entry / "__init__.py").is_file():
                yield from _beside(here, entry)
        elif not entry.name.endswith((".py", ".pyc")):
            yield here, entry


def _own_source(function: Callable[..., Any]) -> bytes:
    """The file in which a function is defined, on a disk or in the archive that a cluster's driver runs."""
    file = function.__code__.co_filename
    loader: Any = function.__globals__.get("__loader__")
    if hasattr(loader, "get_data"):
        content: bytes = loader.get_data(file)
        return content
    return Path(file).read_bytes()
