"""The lock of publishing: a file that only one process can create, on local disk and on HDFS."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import Storage

LEASE_S = 120.0  # publishing is a handful of renames: a lock this old belongs to a process that died


@contextmanager
def publication_lock(storage: Storage, uri: str, wait_s: float = 2 * LEASE_S) -> Iterator[None]:
    """Hold the lock file at an address.

    Raises:
        ImageLakeError: another process held it for wait_s seconds.
    """
    deadline = time.monotonic() + wait_s
    while not _taken(storage, uri):
        if time.monotonic() > deadline:
            raise ImageLakeError(f"{uri}: another run holds this lock since {wait_s:.0f} s; nothing is published")
        time.sleep(0.5)
    try:
        yield
    finally:
        storage.delete(uri)


def _taken(storage: Storage, uri: str) -> bool:
    try:
        storage.write_bytes(uri, b"", overwrite=False)
        return True
    except ImageLakeError:
        if not storage.exists(uri):
            raise  # the file system refused for another reason than an existing lock
        held = next(storage.files(uri), None)
        if held is not None and time.time() - held.modified_ms / 1000 > LEASE_S:
            storage.delete(uri)
        return False
