"""A walk over local folders, with the entries that cannot be sent and the reasons."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from imagelake.cluster.webhdfs.pool import Problem
from imagelake.errors import ImageLakeError

_Identity = tuple[int, int]


@dataclass
class LocalFolder:
    """A folder: its path below the root (empty for the root), its files and their bytes, and what is left out."""

    path: Path
    relative: str
    files: dict[str, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


def walk(root: Path) -> Iterator[LocalFolder]:
    """The folder and every folder below it, names in order; links are followed, unless they lead back up.

    Args:
        root: a folder, or one file, which then is the only one in it.

    Raises:
        ImageLakeError: there is nothing of that name.
    """
    if not root.exists():
        raise ImageLakeError(f"{root}: there is no such file or folder")
    if root.is_dir():
        yield from _walk(root, "", ())
    else:
        folder = LocalFolder(root.parent, "")
        _sort_in(folder, root.name, [], ())
        yield folder


def _walk(path: Path, relative: str, above: tuple[_Identity, ...]) -> Iterator[LocalFolder]:
    folder, below = LocalFolder(path, relative), list[str]()
    here = above
    try:
        here = (*above, _identity(path.stat()))
        for name in sorted(os.listdir(path)):  # noqa: PTH208 - names alone; a Path a file costs memory in large folders
            _sort_in(folder, name, below, here)
    except OSError as error:
        folder.problems.append(Problem(ascii_safe(path), _words(error)))
    yield folder
    for name in below:
        yield from _walk(path / name, f"{relative}/{name}" if relative else name, here)


def _sort_in(folder: LocalFolder, name: str, below: list[str], here: tuple[_Identity, ...]) -> None:
    path = folder.path / name
    if reason := _unfit(name):
        folder.problems.append(Problem(ascii_safe(path), reason))
        return
    try:
        state = path.stat()
    except OSError as error:
        reason = "a link that leads nowhere" if path.is_symlink() else _words(error)
        folder.problems.append(Problem(str(path), reason))
        return
    if stat.S_ISDIR(state.st_mode) and _identity(state) in here:
        folder.problems.append(Problem(str(path), "a link to a folder that it is in"))
    elif stat.S_ISDIR(state.st_mode):
        below.append(name)
    elif stat.S_ISREG(state.st_mode):
        folder.files[name] = state.st_size
    else:
        folder.problems.append(Problem(str(path), "neither a file nor a folder (a pipe, socket or device)"))


def _unfit(name: str) -> str:
    if ":" in name:
        return "HDFS allows no ':' in a name: rename it"
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return "the name is not UTF-8, as HDFS's names are: rename it"
    return ""


def ascii_safe(path: Path) -> str:
    """The path with bytes that are no UTF-8 written out, so that it can be printed."""
    return str(path).encode("utf-8", "backslashreplace").decode("utf-8")


def _identity(state: os.stat_result) -> _Identity:
    return state.st_dev, state.st_ino


def _words(error: OSError) -> str:
    return error.strerror or type(error).__name__
