"""The version of the code: the release and a hash of the library's source."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

from imagelake import __version__


@cache
def code_version() -> str:
    """E.g. ``0.1.0+3f2a9c01``; tables of another version are computed again, even between two releases."""
    digest = hashlib.sha256()
    for module in _modules(resources.files("imagelake")):
        digest.update(module.read_bytes())
    return f"{__version__}+{digest.hexdigest()[:8]}"


def _modules(folder: Traversable) -> Iterator[Traversable]:
    for entry in sorted(folder.iterdir(), key=lambda found: found.name):
        if entry.is_dir():
            yield from _modules(entry)
        elif entry.name.endswith(".py"):
            yield entry
