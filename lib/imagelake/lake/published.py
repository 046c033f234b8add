"""Published tables and folders read without Spark and without a JVM: from a local root, or from HDFS by WebHDFS."""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from imagelake.cluster.webhdfs.client import Access, WebHdfs
from imagelake.cluster.webhdfs.namenodes import find_namenodes, hdfs_path
from imagelake.cluster.webhdfs.remote_file import RemoteFile
from imagelake.cluster.webhdfs.retry import Clock, Retrier, WebHdfsRetryPolicy
from imagelake.errors import ImageLakeError
from imagelake.lake.manifest import MANIFEST, Manifest

if TYPE_CHECKING:
    from io import RawIOBase

_RETRY_POLICY = WebHdfsRetryPolicy(timeout_s=20.0, brief_s=15.0)  # somebody waits for a page


class Files(ABC):
    """Files below a root, by their path from it."""

    @abstractmethod
    def names(self, folder: str) -> list[str]:
        """Names of the files in a folder, sorted; none where there is no folder."""

    @abstractmethod
    def open(self, path: str) -> Any:
        """A file that pyarrow can read, with a position.

        Raises:
            ImageLakeError: there is no such file.
        """

    def read_bytes(self, path: str) -> bytes:
        """A whole file."""
        with self.open(path) as file:
            return bytes(file.read())


class LocalFiles(Files):
    """Files of this machine."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self, folder: str) -> list[str]:
        """See Files."""
        path = self._root / folder
        return sorted(entry.name for entry in os.scandir(path) if entry.is_file()) if path.is_dir() else []

    def open(self, path: str) -> pa.NativeFile:
        """See Files."""
        try:
            return pa.OSFile(str(self._root / path))
        except OSError as error:
            raise ImageLakeError(f"{self._root / path}: {error.strerror or error}") from None


class HdfsFiles(Files):
    """Files of HDFS, read by WebHDFS; a NameNode that is down or on standby is skipped."""

    def __init__(self, root: str, store: WebHdfs) -> None:
        self._root, self._store = root.rstrip("/"), store

    def names(self, folder: str) -> list[str]:
        """See Files."""
        listing = self._store.listing(f"{self._root}/{folder}") or {}
        return sorted(name for name, status in listing.items() if status.type == "FILE")

    def open(self, path: str) -> RawIOBase:
        """See Files."""
        status = self._store.status(f"{self._root}/{path}")
        if status is None:
            raise ImageLakeError(f"{self._root}/{path}: there is no such file on HDFS")
        return RemoteFile(self._store, f"{self._root}/{path}", status.bytes)


class PublishedLake:
    """The tables and folders below a root, as the jobs have published them. Threads may share it."""

    def __init__(self, root: str, files: Files) -> None:
        self.root, self.files = root, files

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of a table or folder; None where it is not published."""
        if MANIFEST not in self.files.names(name):
            return None
        return Manifest.from_json(self.files.read_bytes(f"{name}/{MANIFEST}").decode())

    def require(self, name: str) -> Manifest:
        """The manifest of a table or folder that must be there.

        Raises:
            ImageLakeError: it is not published.
        """
        manifest = self.manifest(name)
        if manifest is None:
            raise ImageLakeError(
                f"there is no table {name} under {self.root}: is this the root of a finished run? "
                f"scripts/run --root {self.root} makes all of them"
            )
        return manifest

    def parts(self, table: str) -> list[str]:
        """The Parquet files of a table, by their path from the root, in the order of their names."""
        return [f"{table}/{name}" for name in self.files.names(table) if name.endswith(".parquet")]

    @contextmanager
    def opened(self, part: str) -> Iterator[pq.ParquetFile]:
        """A Parquet file, opened for few large reads."""
        with self.files.open(part) as file:
            yield pq.ParquetFile(file, pre_buffer=True)

    def batches(self, table: str, columns: Iterable[str], rows: int = 8192) -> Iterator[pa.RecordBatch]:
        """Batches of at most so many rows of a published table, in the order of its files."""
        self.require(table)
        for part in self.parts(table):
            with self.opened(part) as file:
                yield from file.iter_batches(rows, columns=list(columns))

    def read(self, table: str, columns: Iterable[str] | None = None) -> pa.Table:
        """A published table in memory, or some of its columns.

        Raises:
            ImageLakeError: it is not published, or lacks a column.
        """
        self.require(table)
        wanted = None if columns is None else list(columns)
        tables = []
        for part in self.parts(table):
            with self.opened(part) as file:
                missing = set(wanted or ()) - set(file.schema_arrow.names)
                if missing:
                    raise ImageLakeError(f"{self.root}/{part} lacks {sorted(missing)}: another version wrote it")
                tables.append(file.read(wanted))
        if not tables:
            raise ImageLakeError(f"{self.root}/{table} holds no Parquet file, not even an empty one")
        return pa.concat_tables(tables)


def open_lake(
    root: str, namenodes: str | None = None, user: str | None = None, kerberos: bool = False
) -> PublishedLake:
    """The lake at a root.

    Args:
        root: a local folder, or hdfs://.
        namenodes: addresses of WebHDFS, as find_namenodes takes them.
        user: the HDFS user; None for the user of this process.
        kerberos: whether to authenticate by the ticket of kinit.

    Raises:
        ImageLakeError: no folder is there, or no NameNode is known.
    """
    if root.startswith("hdfs://"):
        addresses = find_namenodes(namenodes)
        store = WebHdfs(Access(addresses, user, kerberos), Retrier(_RETRY_POLICY, Clock(), lambda _: None))
        return PublishedLake(root, HdfsFiles(hdfs_path(root, addresses), store))
    folder = Path(root.removeprefix("file://")).expanduser()
    if not folder.is_dir():
        raise ImageLakeError(f"there is no folder {root}: --root names the lake of a finished run")
    return PublishedLake(root, LocalFiles(folder))
