"""Local files to HDFS: each is written to a temporary name beside its target, compared by checksum, then renamed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path

from imagelake.cluster.webhdfs.client import CHUNK_BYTES, Status, is_same
from imagelake.cluster.webhdfs.failures import RefusedError, SpoiledError
from imagelake.cluster.webhdfs.local_tree import LocalFolder, walk
from imagelake.cluster.webhdfs.pool import Problem, Task
from imagelake.cluster.webhdfs.staging import is_abandoned, staged_name
from imagelake.cluster.webhdfs.transfer import TransferOptions
from imagelake.errors import ImageLakeError


class Upload:
    """The upload of a local folder to a folder on HDFS."""

    def __init__(self, source: Path, target: str, transfer: TransferOptions) -> None:
        self._source, self._target, self._options = source, target.rstrip("/"), transfer
        self._store = transfer.store

    def totals(self) -> tuple[int, int]:
        """Number and bytes of the files that there are to send."""
        files = size = 0
        for folder in walk(self._source):
            files, size = files + len(folder.files), size + sum(folder.files.values())
        return files, size

    def items(self) -> Iterator[Task | Problem]:
        """A task for each file, folder by folder, and a problem for each that cannot be sent.

        Raises:
            RefusedError: the folder on HDFS cannot be created or listed.
        """
        for folder in walk(self._source):
            yield from folder.problems
            target = f"{self._target}/{folder.relative}".rstrip("/")
            try:
                there = self._prepare(target or "/")
            except RefusedError as error:
                if not folder.relative:
                    raise  # the whole of it, so one error says it
                yield from (Problem(str(folder.path / name), str(error)) for name in folder.files)
                if not folder.files:
                    yield Problem(str(folder.path), str(error))
                continue
            yield from self._tasks(folder, target, there)

    def _prepare(self, folder: str) -> dict[str, Status]:
        """Create the folder, and remove the unfinished files of killed runs."""
        there = self._store.listing(folder)
        if there is None:
            self._store.make_folder(folder)
            return {}
        for name, status in there.items():
            if is_abandoned(name, status.modified_s):
                self._store.remove(f"{folder.rstrip('/')}/{name}")
        return there

    def _tasks(self, folder: LocalFolder, target: str, there: dict[str, Status]) -> Iterator[Task]:
        for name in folder.files:
            path = folder.path / name
            yield Task(str(path), partial(self._send, path, f"{target}/{name}", there.get(name)))

    def _send(self, source: Path, target: str, there: Status | None) -> int | None:
        """Upload one file.

        Returns:
            The bytes sent; None where HDFS has the file already.
        """
        try:
            if there and self._is_there(source, target, there):
                self._options.progress.advance(there.bytes)
                return None
            return self._replace(source, target, there is not None)
        finally:
            self._options.progress.finish_file()

    def _is_there(self, source: Path, target: str, there: Status) -> bool:
        if there.type != "FILE":
            raise RefusedError(f"{target}: is a {there.type.lower()} on HDFS")
        if is_same(self._store, source, target, there):
            return True
        if not self._options.force:
            sizes = f"{there.bytes:,} bytes there, {source.stat().st_size:,} here"
            raise RefusedError(f"{target}: is on HDFS with other content ({sizes}); --force replaces it")
        return False

    def _replace(self, source: Path, target: str, replace: bool) -> int:
        folder, _, name = target.rpartition("/")
        staged = f"{folder}/{staged_name(name)}"
        try:
            size = self._store.retried(partial(self._attempt, source, staged), target)
            self._store.publish(staged, target, replace)
        except RefusedError:
            with suppress(ImageLakeError):  # the first error is the one to tell
                self._store.remove(staged)
            raise
        return size

    def _attempt(self, source: Path, staged: str) -> int:
        """Write the file under its temporary name, and compare the copy with the source."""
        sent = _Sent(source, self._options)
        try:
            self._store.write(staged, sent, self._options.block_bytes)
            status = self._store.status(staged)
            if status is None or not is_same(self._store, source, staged, status):
                raise SpoiledError("the copy differs from the file, which may be changing")
        except BaseException:
            self._options.progress.advance(-sent.bytes)
            raise
        return sent.bytes


class _Sent:
    """A file's bytes as a request's body, counted as they go.

    Its length is sent ahead, because a chunked body costs 40 ms a file (delayed acknowledgements). So exactly as many
    bytes must follow, even if the file changes.
    """

    def __init__(self, source: Path, transfer: TransferOptions) -> None:
        self._source, self._options = source, transfer
        self._size = source.stat().st_size
        self.bytes = 0

    def __len__(self) -> int:
        return self._size

    def __iter__(self) -> Iterator[bytes]:
        try:
            with self._source.open("rb", buffering=0) as file:
                while chunk := file.read(min(CHUNK_BYTES, self._size - self.bytes)):
                    self._options.retrier.check()
                    yield chunk
                    self.bytes += len(chunk)
                    self._options.progress.advance(len(chunk))
        except OSError as error:
            # Unchanged, it would be taken for a network error.
            raise RefusedError(error.strerror or str(error)) from None
        if self.bytes < self._size:
            raise SpoiledError("the file became shorter while it was sent")
