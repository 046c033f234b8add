"""Published tables and folders read without Spark and without a JVM: from a local root, or from HDFS by WebHDFS."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from imagelake.cluster.webhdfs.client import Access, WebHdfs
from imagelake.cluster.webhdfs.namenodes import find_namenodes, hdfs_path
from imagelake.cluster.webhdfs.remote_file import RemoteFile
from imagelake.cluster.webhdfs.retry import Clock, Retrier, WebHdfsRetryPolicy
from imagelake.errors import ImageLakeError
from imagelake.installation import command_name
from imagelake.lake.files import Files, LocalFiles, check_folder
from imagelake.lake.manifest import Manifest
from imagelake.lake.parts import damage
from imagelake.lake.record import Location, Record
from imagelake.lake.view import SupersededError, View

if TYPE_CHECKING:
    from io import RawIOBase

T = TypeVar("T")
ATTEMPTS = 20  # to read a lake that is published over and over; each begins with what is published then
_RETRY_POLICY = WebHdfsRetryPolicy(timeout_s=20.0, brief_s=15.0)  # somebody waits for a page


class HdfsFiles(Files):
    """Files of HDFS, read by WebHDFS; a NameNode that is down or on standby is skipped."""

    def __init__(self, root: str, store: WebHdfs) -> None:
        self._root, self._store = root.rstrip("/"), store

    def sizes(self, folder: str) -> dict[str, int]:
        """See Files."""
        listing = self._store.listing(f"{self._root}/{folder}") or {}
        return {name: status.bytes for name, status in listing.items() if status.type == "FILE"}

    def read(self, path: str) -> bytes | None:
        """See Files."""
        return self._store.read_whole(f"{self._root}/{path}")

    def open(self, path: str) -> RawIOBase:
        """See Files."""
        status = self._store.status(f"{self._root}/{path}")
        if status is None:
            raise ImageLakeError(f"{self._root}/{path}: there is no such file on HDFS")
        return RemoteFile(self._store, f"{self._root}/{path}", status.bytes)


class PublishedLake:
    """The tables and folders below a root, as the jobs have published them. Threads may share it."""

    def __init__(self, root: str, files: Files, record: Record | None = None) -> None:
        """Open a lake.

        Args:
            root: what it is called.
            files: below it.
            record: which runs' tables count; None for those that are published whenever something is read.
        """
        self.root, self.files = root, files
        self._view = View(root, files, record)

    def consistent(self, read: Callable[[PublishedLake], T], attempts: int = ATTEMPTS) -> T:
        """What a function reads of the lake as it is at one moment; again where it was published anew meanwhile.

        Args:
            read: is given a lake in which every table is of the same moment.
            attempts: how often it may begin.

        Raises:
            ImageLakeError, OSError, pa.ArrowException: what the function raised while nothing was published, or in the
                last attempt.
        """
        for _ in range(attempts - 1):
            with suppress(SupersededError):
                return self.attempt(read)
        return self.attempt(read)

    def attempt(self, read: Callable[[PublishedLake], T]) -> T:
        """What a function reads of the lake as it is now.

        Raises:
            SupersededError: that was published anew, or moved into its location, before the function was done.
            ImageLakeError, OSError, pa.ArrowException: what else the function raised.
        """
        pinned = self.pinned()
        try:
            return read(pinned)
        except (ImageLakeError, OSError, pa.ArrowException) as error:
            if pinned.is_outdated():
                raise SupersededError(f"{self.root} was published anew while it was read: {error}") from error
            raise

    def pinned(self) -> PublishedLake:
        """The lake as it is now: tables that are published from now on do not change it."""
        return PublishedLake(self.root, self.files, self._view.record())

    def is_outdated(self) -> bool:
        """Whether a table that was looked up has been published anew since, or its files have moved."""
        return self._view.is_outdated()

    def location(self, name: str) -> Location | None:
        """Where a table or folder stands at the moment; None where it is not published."""
        return self._view.location(name)

    def runs(self, names: Iterable[str]) -> dict[str, str]:
        """Table -> the id of the run that published it, of those tables that are published."""
        known = self._view.record().runs
        manifests = {name: self.manifest(name) for name in names if name not in known}
        older = {name: manifest.run_id for name, manifest in manifests.items() if manifest}
        return {name: known[name].run_id for name in names if name in known} | older

    def manifest(self, name: str) -> Manifest | None:
        """The manifest of a table or folder; None where it is not published."""
        return self._view.manifest(name)

    def require(self, name: str) -> Manifest:
        """The manifest of a table or folder that must be there.

        Raises:
            ImageLakeError: it is not published.
        """
        return self._required(name).manifest

    def _required(self, name: str) -> Location:
        location = self._view.location(name)
        if location is None:
            raise ImageLakeError(
                f"there is no table {name} under {self.root}: is this the root of a finished run? "
                f"{command_name('run')} --root {self.root} makes all of them"
            )
        return location

    def read_file(self, name: str, file: str) -> bytes:
        """A file of a published folder.

        Raises:
            ImageLakeError: the folder is not published, or lacks the file.
        """
        while True:
            location = self._required(name)
            content = self.files.read_bytes(f"{location.folder}/{file}")
            # Every run calls these files the same: the folder may have been exchanged since it was found.
            if self._required(name) == location:
                return content

    def parts(self, table: str) -> list[str]:
        """The Parquet files of a table, by their path from the root, in the order of their names.

        Raises:
            ImageLakeError: the table is not published, or is not what was published.
        """
        location = self._required(table)
        found = list(damage(self.files, location.folder, location.manifest))
        if found:
            raise ImageLakeError(
                f"{self.root}/{found[0]}: the table {table} is damaged, or is just being published; "
                f"jobs/{location.manifest.job}.py makes it anew"
            )
        if location.manifest.parts is not None:
            names = [part.name for part in location.manifest.parts]
        else:
            names = sorted(self.files.sizes(location.folder))
        return [f"{location.folder}/{name}" for name in names if name.endswith(".parquet")]

    @contextmanager
    def opened(self, part: str) -> Iterator[pq.ParquetFile]:
        """A Parquet file, opened for few large reads.

        Raises:
            ImageLakeError: it is gone or damaged.
        """
        try:
            with self.files.open(part) as file:
                yield pq.ParquetFile(file, pre_buffer=True)
        except (OSError, pa.ArrowException, UnicodeDecodeError) as error:  # the last: a name that is no text
            first = str(error).partition("\n")[0]
            raise ImageLakeError(
                f"{self.root}/{part}: {first}; scripts/check_lake says which job makes the table anew"
            ) from None

    def batches(self, table: str, columns: Iterable[str], rows: int = 8192) -> Iterator[pa.RecordBatch]:
        """Batches of at most so many rows of a published table, in the order of its files."""
        for part in self.parts(table):
            with self.opened(part) as file:
                yield from file.iter_batches(rows, columns=list(columns))

    def read(self, table: str, columns: Iterable[str] | None = None) -> pa.Table:
        """A published table in memory, or some of its columns.

        Raises:
            ImageLakeError: it is not published, or lacks a column.
        """
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
        access = Access(find_namenodes(namenodes), user, kerberos)
        return PublishedLake(root, HdfsFiles(hdfs_path(root, access.namenodes), _store(access)))
    folder = Path(root.removeprefix("file://")).expanduser()
    if not folder.is_dir():
        check_folder(folder)
        raise ImageLakeError(f"there is no folder {root}: --root names the lake of a finished run")
    return PublishedLake(root, LocalFiles(folder))


def open_file_system(
    address: str, namenodes: str | None = None, user: str | None = None, kerberos: bool = False
) -> tuple[Files, str]:
    """The file system of an address, from its topmost folder, and the path of the address in it.

    Args:
        address: file:// or hdfs://.
        namenodes: as in open_lake, as are the others.
        user: the HDFS user.
        kerberos: whether to authenticate by the ticket of kinit.

    Raises:
        ImageLakeError: no NameNode is known.
    """
    if address.startswith("hdfs://"):
        access = Access(find_namenodes(namenodes), user, kerberos)
        return HdfsFiles("", _store(access)), hdfs_path(address, access.namenodes).lstrip("/")
    return LocalFiles(Path("/")), address.removeprefix("file://").lstrip("/")


def _store(access: Access) -> WebHdfs:
    return WebHdfs(access, Retrier(_RETRY_POLICY, Clock(), lambda _: None))
