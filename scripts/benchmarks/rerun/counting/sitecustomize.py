"""Counts in every Python process that starts with this folder on its path: decodes, and images that networks ran.

For each image a process appends one byte to a file, so that the sizes of the files are the counts, whoever died when.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import os
import sys
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any

FOLDER = os.environ.get("IMAGELAKE_COUNTS")


def count(name: str, images: int) -> None:
    """Append a byte for each image."""
    file = os.open(f"{FOLDER}/{name}", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, b"." * images)
    os.close(file)


def counted(function: Callable[..., Any], name: str, images: Callable[..., int]) -> Callable[..., Any]:
    """A function that counts its images, then does what it did."""

    def called(*arguments: Any, **named: Any) -> Any:
        count(name, images(*arguments))
        return function(*arguments, **named)

    return called


def watch_headers(module: ModuleType) -> None:
    """Each call opens one image to read its header."""
    module.read_header = counted(module.read_header, "headers", lambda *_: 1)  # type: ignore[attr-defined]


def watch_decoding(module: ModuleType) -> None:
    """Each call decodes one image."""
    module.decode_image = counted(module.decode_image, "decodes", lambda *_: 1)  # type: ignore[attr-defined]


def watch_network(module: ModuleType) -> None:
    """Each call is a forward pass of so many images."""
    module.LiteRtEngine.run = counted(
        module.LiteRtEngine.run,
        "passes",
        lambda _, batch: len(batch),
    )


WATCHED = {
    "imagelake.vision.header": watch_headers,
    "imagelake.vision.decode": watch_decoding,
    "imagelake.vision.litert": watch_network,
}


class Watching(importlib.abc.MetaPathFinder):
    """Finds the watched modules where they are, and wraps their functions once they are loaded."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """See importlib."""
        if fullname not in WATCHED:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec and spec.loader:
            load = spec.loader.exec_module

            def exec_module(module: ModuleType) -> None:
                load(module)
                WATCHED[fullname](module)

            spec.loader.exec_module = exec_module  # type: ignore[method-assign]
        return spec


if FOLDER:
    sys.meta_path.insert(0, Watching())
