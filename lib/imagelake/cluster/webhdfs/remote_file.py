"""A file on HDFS as a Python file object: read-only, seekable, with the retries of the client."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from imagelake.cluster.webhdfs.client import WebHdfs


class RemoteFile(io.RawIOBase):
    """A file read by WebHDFS; each read is one request, so large reads are best."""

    def __init__(self, store: WebHdfs, path: str, size: int) -> None:
        """Open the file at position 0.

        Args:
            store: where the file is.
            path: its absolute path.
            size: its bytes, as its status says.
        """
        super().__init__()
        self._store, self._path, self._size, self._position = store, path, size, 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def seekable(self) -> bool:
        """Yes."""
        return True

    def tell(self) -> int:
        """The position in bytes."""
        return self._position

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move to a position, and return it."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        if start + offset < 0:
            raise ValueError(f"{self._path}: position {start + offset} lies before the beginning")
        self._position = start + offset
        return self._position

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, as many as requested or left."""
        left = max(0, self._size - self._position)
        wanted = left if size is None or size < 0 else min(size, left)
        content = self._store.read_range(self._path, self._position, wanted) if wanted else b""
        self._position += len(content)
        return content

    def readall(self) -> bytes:
        """All the bytes that are left."""
        return self.read()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer with the next bytes, and return how many they are."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)
