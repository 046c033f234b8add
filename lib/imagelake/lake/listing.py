"""Every file below a folder, whatever it is called, each once, and what stands in the way of reading it.

Spark's own file sources leave out names that begin with ``_`` or ``.``, and files without a byte, without a word. So
what a source holds is listed here; of a local folder by Python, of others from the statuses that Hadoop serialises.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from itertools import islice
from pathlib import Path

from imagelake.lake.inputs import LOCAL

_KEPT_AT_ONCE = 1_000
BROKEN_LINK, UNREADABLE, NO_FILE, LISTED_BEFORE = "broken_link", "unreadable", "no_regular_file", "folder_listed_before"


@dataclass(frozen=True)
class FoundFile:
    r"""One file, or a folder that cannot be entered.

    Attributes:
        raw: the path as the file system has it, in bytes: a local name need not be UTF-8.
        path: the full address for people and tables; bytes that are no UTF-8 stand as ``\\xe9``.
        relative: the path below the listed folder, in the same spelling.
        size: bytes.
        modified_ms: milliseconds since 1970.
        problem: why it cannot be read: broken_link, unreadable, no_regular_file (a pipe, a device) or
            folder_listed_before (a link back to a folder that was listed already); None where nothing is in the way.
    """

    raw: bytes
    path: str
    relative: str
    size: int
    modified_ms: int
    problem: str | None = None


@dataclass(frozen=True)
class Status:
    """What Hadoop says of a file or folder: its full address, bytes, time of change, and which of both it is."""

    path: str
    size: int
    modified_ms: int
    is_folder: bool


class Listings:
    """Listings kept on a disk, so that memory does not grow with the files that are listed. Threads may share them."""

    def __init__(self, folder: Path) -> None:
        """Keep them in a folder."""
        self._folder = folder
        self._kept: dict[str, Path] = {}
        self._lock = threading.Lock()

    def get(self, name: str, make: Callable[[], Iterator[FoundFile]]) -> Iterator[FoundFile]:
        """The listing of a name, made when it is needed for the first time."""
        with self._lock:
            if name not in self._kept:
                self._kept[name] = self._write(make())
        return self._read(self._kept[name])

    def _write(self, found: Iterator[FoundFile]) -> Path:
        file = self._folder / str(len(self._kept))
        with file.open("w", encoding="ascii") as kept:
            while part := list(islice(found, _KEPT_AT_ONCE)):
                rows = [(one.raw.decode("latin-1"), *astuple(one)[1:]) for one in part]
                kept.write(json.dumps(rows) + "\n")
        return file

    @staticmethod
    def _read(file: Path) -> Iterator[FoundFile]:
        with file.open(encoding="ascii") as kept:
            for line in kept:
                yield from (FoundFile(raw.encode("latin-1"), *rest) for raw, *rest in json.loads(line))


def local_files(folder: Path) -> Iterator[FoundFile]:
    """Every file below a local folder, in the order of their names; links are followed, each folder is listed once.

    A file by itself is listed as well.
    """
    root = os.fsencode(folder)
    if folder.is_file():
        yield _local(os.path.dirname(root), root)  # noqa: PTH120 - Path takes no bytes
        return
    listed: set[tuple[int, int]] = set()
    waiting = [root]
    while waiting:
        current = waiting.pop()
        try:
            there = os.stat(current)  # noqa: PTH116 - Path takes no bytes
            if (there.st_dev, there.st_ino) in listed:
                yield _local(root, current, problem=LISTED_BEFORE)
                continue
            listed.add((there.st_dev, there.st_ino))
            entries = sorted(os.scandir(current), key=lambda entry: entry.name)
        except OSError:
            yield _local(root, current, problem=UNREADABLE)
            continue
        folders = []
        for entry in entries:
            if entry.is_dir():
                folders.append(entry.path)
            else:
                yield _local(root, entry.path)
        waiting += reversed(folders)


def _local(root: bytes, raw: bytes, problem: str | None = None) -> FoundFile:
    status, found = None, problem
    try:
        status = os.stat(raw)  # noqa: PTH116 - Path takes no bytes
    except FileNotFoundError:
        found = found or BROKEN_LINK
    except OSError:
        found = found or UNREADABLE
    if status and not found:
        if not stat.S_ISREG(status.st_mode):
            found = NO_FILE
        elif not os.access(raw, os.R_OK):
            found = UNREADABLE
    relative = spelled(raw[len(root) :].lstrip(b"/"))
    size = status.st_size if status and stat.S_ISREG(status.st_mode) else 0
    modified_ms = int(status.st_mtime * 1000) if status else 0
    return FoundFile(raw, f"{LOCAL}{spelled(raw)}", relative, size, modified_ms, found)


def spelled(raw: bytes) -> str:
    r"""A name in bytes as text: UTF-8, with ``\\xe9`` for each byte that is none, so that different names differ."""
    return raw.decode("utf-8", "backslashreplace")


def hadoop_files(folder: str, statuses: Callable[[str], bytes]) -> Iterator[FoundFile]:
    """Every file below a folder of another file system.

    Args:
        folder: its full address.
        statuses: gives the serialised statuses of what lies directly in a folder, see `parse_statuses`.
    """
    waiting = [folder]
    while waiting:
        folders = []
        for status in sorted(parse_statuses(statuses(waiting.pop())), key=lambda one: one.path):
            if status.is_folder:
                folders.append(status.path)
            else:
                below = without_host(status.path)[len(without_host(folder)) :].lstrip("/")
                relative = below or status.path.rpartition("/")[2]
                yield FoundFile(status.path.encode(), status.path, relative, status.size, status.modified_ms)
        waiting += reversed(folders)


def without_host(uri: str) -> str:
    """The path of an address: Hadoop names a host where the folder was given without, and spells file: in two ways."""
    tail = uri.split("://", 1)[-1]
    return tail[tail.index("/") :] if "/" in tail else tail


def listing_digest(files: Iterable[FoundFile]) -> str:
    """A short hash of names, sizes and times: it changes when a file does."""
    lines = sorted(f"{file.path} {file.size} {file.modified_ms}" for file in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def hidden_from_spark(relative: str) -> bool:
    """Whether Spark's readers leave a file out by its name, or by that of a folder on the way to it.

    Source: HadoopFSUtils.shouldFilterOutPathName of Spark 4.
    """
    return any(
        (part.startswith("_") and "=" not in part) or part.startswith(".") or part.endswith("._COPYING_")
        for part in relative.split("/")
    )


_TYPE, _PATH, _LENGTH, _MODIFIED = 1, 2, 3, 7  # of the fields of FileStatusProto
_FOLDER = 1


def parse_statuses(content: bytes) -> list[Status]:
    """The statuses that Hadoop's ``WritableUtils.toByteArray`` writes.

    Each is a big-endian length of 4 bytes and a protobuf message FileStatusProto (Hadoop's FSProtos.proto: 1 file type,
    2 path, 3 length, 7 time of change); what follows the last one is filled with zeros.
    """
    found, position = [], 0
    while position + 4 <= len(content):
        (size,) = struct.unpack_from(">i", content, position)
        if size == 0:
            break
        fields = _fields(content[position + 4 : position + 4 + size])
        path = fields[_PATH]
        found.append(
            Status(
                path=path.decode() if isinstance(path, bytes) else str(path),
                size=int(fields.get(_LENGTH, 0)),
                modified_ms=int(fields.get(_MODIFIED, 0)),
                is_folder=fields[_TYPE] == _FOLDER,
            )
        )
        position += 4 + size
    return found


def _fields(message: bytes) -> dict[int, int | bytes]:
    """The fields of a protobuf message by number: numbers and byte strings (protobuf's encoding guide)."""
    fields: dict[int, int | bytes] = {}
    position = 0
    while position < len(message):
        key, position = _varint(message, position)
        number, wire = key >> 3, key & 7
        if wire == 0:
            fields[number], position = _varint(message, position)
        elif wire == 2:
            length, position = _varint(message, position)
            fields[number], position = message[position : position + length], position + length
        elif wire in (1, 5):
            position += 8 if wire == 1 else 4
        else:
            raise ValueError(f"wire type {wire} of field {number} is none that a file status has")
    return fields


def _varint(message: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[position]
        value |= (byte & 0x7F) << shift
        position, shift = position + 1, shift + 7
        if byte < 0x80:
            return value, position
