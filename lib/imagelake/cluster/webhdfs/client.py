"""The hdfs package's client, extended by retries, fail-over between NameNodes, literal file names and safe renames."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import hdfs  # type: ignore[import-untyped]
import requests

from imagelake.cluster.webhdfs.checksum import READ_BYTES, Checksum, parse, whole_crc
from imagelake.cluster.webhdfs.failures import RefusedError, SpoiledError, UnreachableError
from imagelake.cluster.webhdfs.retry import Retrier
from imagelake.errors import ImageLakeError

T = TypeVar("T")
CHUNK_BYTES = 1 << 18
_CONNECT_S, _SILENCE_S = 10.0, 60.0

# It prints each failed attempt to standard error, into the progress bar.
logging.getLogger("hdfs").addHandler(logging.NullHandler())


@dataclass(frozen=True)
class Access:
    """The NameNodes, and the user to act as.

    Attributes:
        namenodes: `http://host:9870`, tried in turn.
        user: None for the user of this process; unused with Kerberos, where the ticket names the user.
        kerberos: whether to authenticate by the ticket of `kinit`.
    """

    namenodes: tuple[str, ...]
    user: str | None = None
    kerberos: bool = False


@dataclass(frozen=True)
class Status:
    """A file or folder on HDFS.

    Attributes:
        type: FILE, DIRECTORY or SYMLINK.
        bytes: its length.
        modified_s: when it was closed last, seconds since 1970.
        plain: neither erasure-coded nor in an encryption zone; only then is HDFS's checksum that of the bytes.
    """

    type: str
    bytes: int
    modified_s: float
    plain: bool = True


class WebHdfs:
    """HDFS for any number of threads. All methods but `read` and `write` retry failed requests by the retry policy.

    Raises:
        RefusedError, UnreachableError, StoppedError: by every method, as `Retrier.call` says.
    """

    def __init__(self, access: Access, retrier: Retrier) -> None:
        if access.kerberos:
            _kerberos_client()  # a missing package is an error before the first file
        self._access, self._retrier = access, retrier
        self._local = threading.local()

    def retried(self, action: Callable[[], T], path: str) -> T:
        """What the action gives, tried again until it succeeds or its error is final."""
        try:
            return self._retrier.call(action, lambda: f"{self._serving()}{path}")
        except UnreachableError as error:
            if len(self._access.namenodes) == 1:
                raise
            raise UnreachableError(f"{error}; tried {', '.join(self._access.namenodes)}") from None

    def status(self, path: str) -> Status | None:
        """Of a file or folder; None where there is none."""
        answer = self._unless_missing(lambda: self._client().status(path), path)
        return None if answer is None else _status(answer)

    def listing(self, folder: str) -> dict[str, Status] | None:
        """Name -> status of all in a folder, by one request; None where there is none; an error if it is a file."""
        answer = self._unless_missing(lambda: _statuses(self._client(), folder), folder)
        if answer is None:
            return None
        if [entry["pathSuffix"] for entry in answer] == [""]:
            raise RefusedError(f"{self._serving()}{folder}: is a file; choose another folder")
        return {entry["pathSuffix"]: _status(entry) for entry in answer}

    def totals(self, path: str) -> tuple[int, int]:
        """Number and bytes of the files in and under a path."""
        answer = self.retried(lambda: self._client().content(path), path)
        return int(answer["fileCount"]), int(answer["length"])

    def make_folder(self, path: str) -> None:
        """Make a folder and those above it; one that is there is left as it is."""
        self.retried(lambda: self._client().makedirs(path), path)

    def checksum(self, path: str) -> Checksum:
        """HDFS's own checksum of a file."""
        return parse(self.retried(lambda: self._client().checksum(path), path))

    def write(self, path: str, body: Iterable[bytes], block_bytes: int | None) -> None:
        """One attempt to write a file, over whatever an earlier attempt left there."""
        self._client().write(path, body, overwrite=True, blocksize=block_bytes)

    def read(self, path: str) -> Iterator[bytes]:
        """One attempt to read a file."""
        with self._client().read(path, chunk_size=CHUNK_BYTES) as chunks:
            yield from chunks

    def read_whole(self, path: str) -> bytes | None:
        """A small file; None where there is none."""
        return self._unless_missing(lambda: b"".join(self.read(path)), path)

    def read_range(self, path: str, offset: int, length: int) -> bytes:
        """Consecutive bytes of a file, all of them.

        Args:
            path: the file.
            offset: its first byte.
            length: how many bytes, at least 1, all of which the file has.
        """

        def attempt() -> bytes:
            with self._client().read(path, offset=offset, length=length) as reader:
                content = bytes(reader.read())
            if len(content) != length:
                raise SpoiledError(f"{len(content):,} bytes were received of {length:,} from byte {offset:,} on")
            return content

        return self.retried(attempt, path)

    def publish(self, staged: str, target: str, replace: bool) -> None:
        """Rename atomically. Without ``replace`` an existing target is an error; it is never overwritten or moved into.

        Hadoop's older rename, which the package's method asks for, would move a file *into* a target that is a folder.
        """
        option = "OVERWRITE" if replace else "NONE"

        def rename() -> None:
            try:
                self._client()._rename(staged, destination=target, renameoptions=option)
            except hdfs.HdfsError as error:
                if error.exception != "FileNotFoundException" or self.status(target) is None:
                    raise
                # An earlier attempt succeeded, but its response was lost.

        self.retried(rename, target)

    def remove(self, path: str) -> None:
        """Remove a file; one that is not there is no error."""
        self.retried(lambda: self._client().delete(path), path)

    def _unless_missing(self, action: Callable[[], T], path: str) -> T | None:
        def attempt() -> T | None:
            try:
                return action()
            except hdfs.HdfsError as error:
                if error.exception == "FileNotFoundException":
                    return None
                raise

        return self.retried(attempt, path)

    def _client(self) -> Any:
        """One a thread: sessions of requests are not thread-safe."""
        if not hasattr(self._local, "client"):
            self._local.client = _connect(self._access, (_CONNECT_S, _SILENCE_S))
        return self._local.client

    def _serving(self) -> str:
        """The NameNode of the last request; the package keeps it first in its list."""
        return str(self._client()._urls[0])


def is_same(store: WebHdfs, local: Path, remote: str, status: Status) -> bool:
    """Compare length and checksum; HDFS's bytes are read back only where its checksum is not that of the bytes.

    Raises:
        OSError: the local file cannot be read.
    """
    if local.stat().st_size != status.bytes:
        return False
    if status.plain:
        checksum = store.checksum(remote)
        return checksum.of(local) == checksum.digest
    with local.open("rb", buffering=0) as file:
        expected = whole_crc(iter(lambda: file.read(READ_BYTES), b""))
    return store.retried(lambda: whole_crc(store.read(remote)), remote) == expected


def _statuses(client: Any, folder: str) -> list[Mapping[str, Any]]:
    # The package's own method sends another request for a folder of one file, and hides that a path is a file.
    return list(client._list_status(folder).json()["FileStatuses"]["FileStatus"])


def _status(answer: Mapping[str, Any]) -> Status:
    plain = not (answer.get("ecBit") or answer.get("encBit"))
    return Status(str(answer["type"]), int(answer["length"]), int(answer["modificationTime"]) / 1000, plain)


def _connect(access: Access, timeouts: tuple[float, float]) -> Any:
    addresses = ";".join(access.namenodes)
    session = requests.Session()
    if access.kerberos:
        client = _kerberos_client()(addresses, timeout=timeouts, session=session)
    else:
        client = hdfs.InsecureClient(addresses, user=access.user, timeout=timeouts, session=session)
    # Paths are literal: the package would replace a name that ends in #LATEST by the newest file.
    client.resolve = str
    return client


def _kerberos_client() -> Any:
    try:
        from hdfs.ext.kerberos import KerberosClient  # type: ignore[import-untyped]
    except ImportError as error:
        raise ImageLakeError(
            f"--kerberos needs one more package ({error.name}): pip install 'hdfs[kerberos]'"
        ) from None
    return KerberosClient
