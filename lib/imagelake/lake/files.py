"""The few file operations that publishing and reading a lake are made of, and these operations on a local disk.

Every path is relative to the root of a lake. Publishing is written with these operations alone, so that its protocol
can be tried exhaustively on a file system in memory that stops after any of them.
"""

from __future__ import annotations

import os
import shutil
import uuid
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]

from imagelake.errors import ImageLakeError
from imagelake.lake.remedies import os_error


class Files(ABC):
    """Files below the root of a lake, to be read."""

    @abstractmethod
    def sizes(self, folder: str) -> dict[str, int]:
        """Name -> bytes of the files directly in a folder; none where there is no folder."""

    @abstractmethod
    def read(self, path: str) -> bytes | None:
        """A whole small file; None where there is none."""

    @abstractmethod
    def open(self, path: str) -> Any:
        """A file that pyarrow can read, with a position.

        Raises:
            ImageLakeError: there is no such file.
        """

    def read_bytes(self, path: str) -> bytes:
        """A whole file.

        Raises:
            ImageLakeError: there is no such file.
        """
        with self.open(path) as file:
            return bytes(file.read())


class WritableFiles(Files):
    """Files below the root of a lake, to be published. Each operation happens whole or not at all."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """Names of the files and folders directly in a folder, sorted; none where there is no folder."""

    @abstractmethod
    def create(self, path: str, content: bytes) -> bool:
        """Write a small file where nothing stands; false, and nothing is done, where something does."""

    @abstractmethod
    def replace(self, path: str, content: bytes) -> None:
        """Write a small file that replaces another: whoever reads finds the old content or the new."""

    @abstractmethod
    def rename(self, source: str, target: str) -> None:
        """Move a file or folder to where nothing stands.

        Raises:
            ImageLakeError: something stands there, or the source is gone.
        """

    @abstractmethod
    def delete(self, path: str) -> None:
        """Remove a file or a whole folder; nothing happens where there is none."""

    @abstractmethod
    def modified_s(self, path: str) -> float | None:
        """When a file or folder was changed last, by the clock of its file system; None where there is none."""


class LocalFiles(WritableFiles):
    """Files of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def sizes(self, folder: str) -> dict[str, int]:
        """See Files."""
        try:
            with os.scandir(self._root / folder) as entries:
                return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise os_error(self._root / folder, error) from None

    def read(self, path: str) -> bytes | None:
        """See Files."""
        try:
            return (self._root / path).read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            raise os_error(self._root / path, error) from None

    def open(self, path: str) -> pa.NativeFile:
        """See Files."""
        try:
            return pa.OSFile(str(self._root / path))
        except OSError as error:
            raise os_error(self._root / path, error) from None

    def names(self, folder: str) -> list[str]:
        """See WritableFiles."""
        try:
            return sorted(entry.name for entry in (self._root / folder).iterdir())
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise os_error(self._root / folder, error) from None

    def create(self, path: str, content: bytes) -> bool:
        """See WritableFiles."""
        with self._scratch(path, content) as scratch:
            try:
                os.link(scratch, self._root / path)
            except FileExistsError:
                return False
        return True

    def replace(self, path: str, content: bytes) -> None:
        """See WritableFiles."""
        with self._scratch(path, content) as scratch:
            scratch.replace(self._root / path)

    @contextmanager
    def _scratch(self, path: str, content: bytes) -> Iterator[Path]:
        """The content on the disk under a name of its own, beside where it is to stand."""
        target = self._root / path
        scratch = target.with_name(f".{target.name}.{uuid.uuid4().hex[:12]}")
        try:
            scratch.parent.mkdir(parents=True, exist_ok=True)
            with scratch.open("xb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            yield scratch
        except OSError as error:
            raise os_error(target, error) from None
        finally:
            with suppress(OSError):
                scratch.unlink()

    def rename(self, source: str, target: str) -> None:
        """See WritableFiles."""
        try:
            (self._root / target).parent.mkdir(parents=True, exist_ok=True)
            (self._root / source).rename(self._root / target)
        except OSError as error:
            raise os_error(f"{self._root / source} to {target}", error) from None

    def delete(self, path: str) -> None:
        """See WritableFiles."""
        target = self._root / path
        try:
            if target.is_dir() and not target.is_symlink():
                shutil.rmtree(target)
            else:
                target.unlink(missing_ok=True)
        except FileNotFoundError:
            pass  # somebody else removes it, too
        except OSError as error:
            raise os_error(target, error) from None

    def modified_s(self, path: str) -> float | None:
        """See WritableFiles."""
        try:
            return (self._root / path).stat().st_mtime
        except FileNotFoundError:
            return None
        except OSError as error:
            raise os_error(self._root / path, error) from None


def is_missing(error: Exception) -> bool:
    """Whether an error says that a file is not there: a Java exception, Python's own, or one of this package."""
    text = str(error)
    return isinstance(error, FileNotFoundError) or any(
        word in text for word in ("FileNotFoundException", "No such file or directory", "there is no such file")
    )


def check_folder(root: Path) -> None:
    """Raise ImageLakeError where a root is a file."""
    if root.exists() and not root.is_dir():
        raise ImageLakeError(f"{root} is a file, not a folder: --root names the folder of the lake")
