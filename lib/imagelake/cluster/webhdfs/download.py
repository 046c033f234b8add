"""Files of HDFS to a local folder: each is written to a part file, compared by checksum, then renamed."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import BinaryIO

from imagelake.cluster.webhdfs.client import Status, is_same
from imagelake.cluster.webhdfs.failures import RefusedError, SpoiledError
from imagelake.cluster.webhdfs.pool import Problem, Task
from imagelake.cluster.webhdfs.staging import is_staged
from imagelake.cluster.webhdfs.transfer import TransferOptions


class Download:
    """The download of a folder of HDFS into a local folder."""

    def __init__(self, source: str, target: Path, transfer: TransferOptions) -> None:
        self._source, self._target, self._options = source, target, transfer
        self._store = transfer.store

    def totals(self) -> tuple[int, int]:
        """Number and bytes of the files that there are to fetch."""
        return self._store.totals(self._source)

    def items(self) -> Iterator[Task | Problem]:
        """A task for each file, folder by folder, and a problem for each that cannot be fetched.

        Raises:
            RefusedError: there is nothing of that name, or it may not be read.
        """
        status = self._store.status(self._source)
        if status is None:
            raise RefusedError(f"{self._source}: there is no such file or folder on HDFS")
        if status.type == "DIRECTORY":
            yield from self._folder(self._source.rstrip("/"), self._target)
        else:
            folder, _, name = self._source.rpartition("/")
            yield from self._entries(folder, self._target, {name: status})

    def _folder(self, remote: str, local: Path) -> Iterator[Task | Problem]:
        try:
            local.mkdir(parents=True, exist_ok=True)
            entries = self._store.listing(remote or "/") or {}
        except OSError as error:
            yield Problem(remote, f"{local}: {error.strerror}")
            return
        except RefusedError as error:
            if remote == self._source.rstrip("/"):
                raise  # the whole of it, so one error says it
            yield Problem(remote, str(error))
            return
        yield from self._entries(remote, local, entries)
        for name in [name for name, status in entries.items() if status.type == "DIRECTORY"]:
            yield from self._folder(f"{remote}/{name}", local / name)

    def _entries(self, remote: str, local: Path, entries: dict[str, Status]) -> Iterator[Task | Problem]:
        for name, status in entries.items():
            path = f"{remote}/{name}"
            if status.type == "SYMLINK":
                yield Problem(path, "a symbolic link of HDFS, which WebHDFS does not follow")
            elif status.type == "FILE" and not is_staged(name):
                yield Task(path, partial(self._receive, path, local / name, status))

    def _receive(self, remote: str, local: Path, status: Status) -> int | None:
        """Download one file.

        Returns:
            The bytes received; None where the file is there already.
        """
        try:
            if local.exists() and self._is_there(remote, local, status):
                self._options.progress.advance(status.bytes)
                return None
            return self._replace(remote, local, status)
        finally:
            self._options.progress.finish_file()

    def _is_there(self, remote: str, local: Path, status: Status) -> bool:
        if not local.is_file():
            raise RefusedError(f"{local}: is there and is no file")
        if is_same(self._store, local, remote, status):
            return True
        if not self._options.force:
            sizes = f"{local.stat().st_size:,} bytes there, {status.bytes:,} on HDFS"
            raise RefusedError(f"{local}: is there with other content ({sizes}); --force replaces it")
        return False

    def _replace(self, remote: str, local: Path, status: Status) -> int:
        local.parent.mkdir(parents=True, exist_ok=True)
        part = local.with_name(f".{local.name}.part")
        with _held(part) as file:
            self._store.retried(partial(self._attempt, remote, part, file), remote)
            part.replace(local)
        return status.bytes

    def _attempt(self, remote: str, part: Path, file: BinaryIO) -> None:
        received = 0
        file.seek(0)
        file.truncate()
        try:
            for chunk in self._store.read(remote):
                self._options.retrier.check()
                file.write(chunk)
                received += len(chunk)
                self._options.progress.advance(len(chunk))
            self._check(remote, part)
        except BaseException:
            self._options.progress.advance(-received)
            raise

    def _check(self, remote: str, part: Path) -> None:
        # Requested again: the file may have been replaced since its folder was listed.
        status = self._store.status(remote)
        if status is None:
            raise RefusedError(f"{remote}: was removed meanwhile")
        if not is_same(self._store, part, remote, status):
            raise SpoiledError("the copy differs from the file on HDFS, which may be changing")


@contextmanager
def _held(part: Path) -> Iterator[BinaryIO]:
    """Open and lock the part file: two runs into one folder must not write the same file.

    Raises:
        RefusedError: another process has it.
    """
    with part.open("ab", buffering=0) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Between opening and locking, another process may have finished and renamed it.
            ours = part.exists() and os.path.samestat(part.stat(), os.fstat(file.fileno()))
        except BlockingIOError:
            ours = False
        if not ours:
            raise RefusedError(f"{part}: another download writes it")
        yield file
