"""Small pictures made once and kept in a folder with a bound: what was not looked at longest makes room."""

from __future__ import annotations

import hashlib
import logging
import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

_PART = ".part"  # ends the name of a file that is still being written

_log = logging.getLogger("imagelake.web")


class ThumbnailCache:
    """Files by key. Keys are hashed, so that no name from outside reaches the file system.

    Threads and processes may share the folder.
    """

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Take over what an earlier process left in the folder."""
        self._folder, self._max_bytes = folder, max_bytes
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        found = sorted(_entries(folder), key=lambda one: one[1].st_mtime)
        self._sizes = OrderedDict((name, status.st_size) for name, status in found)
        self._bytes = sum(self._sizes.values())

    def get(self, key: str, make: Callable[[], bytes]) -> bytes:
        """What is kept under a key; made where there is nothing yet, and kept unless the disk is full or fails.

        Args:
            key: what the picture depends on: the image, its version and the size.
            make: called without a lock; two threads may both make the same picture, and one copy stays.
        """
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        with suppress(OSError):
            content = (self._folder / name).read_bytes()
            self._touch(name)
            return content
        content = make()
        try:
            self._keep(name, content)
        except OSError as error:
            _log.warning("a thumbnail could not be kept: %s", error)
        return content

    def _touch(self, name: str) -> None:
        with self._lock:
            if name in self._sizes:
                self._sizes.move_to_end(name)

    def _keep(self, name: str, content: bytes) -> None:
        part = self._folder / f"{name}.{os.getpid()}.{threading.get_ident()}{_PART}"
        try:
            part.write_bytes(content)
            part.replace(self._folder / name)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        with self._lock:
            self._bytes += len(content) - self._sizes.pop(name, 0)
            self._sizes[name] = len(content)
            while self._bytes > self._max_bytes and self._sizes:
                oldest, size = self._sizes.popitem(last=False)
                self._bytes -= size
                (self._folder / oldest).unlink(missing_ok=True)


def _entries(folder: Path) -> Iterator[tuple[str, os.stat_result]]:
    """The whole files of a folder; another process may be writing there, and removing."""
    for entry in os.scandir(folder):
        if not entry.name.endswith(_PART):
            with suppress(FileNotFoundError):
                yield entry.name, entry.stat()
