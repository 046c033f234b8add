"""HDFS's file checksums, computed of local bytes, so that two copies are compared without reading the remote one.

HDFS keeps a CRC of every 512 bytes (dfs.bytes-per-checksum). A block's checksum is the MD5 of its CRCs, each as four
bytes, most significant first; a file's is the MD5 of its blocks' MD5s. That last MD5 is taken over the whole Java
buffer in which they were gathered: 32 bytes, doubled until they fit, zeros behind them. An empty file so has the MD5 of
32 zeros. With dfs.checksum.combine.mode=COMPOSITE_CRC the checksum is the CRC of the file, whatever its blocks.
Source: FileChecksumHelper in hadoop-hdfs-client.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from crc32c import crc32c

from imagelake.errors import ImageLakeError

READ_BYTES = 1 << 20
_CRCS: Mapping[str, Callable[[bytes | memoryview, int], int]] = {"CRC32": zlib.crc32, "CRC32C": crc32c}
_NAME = re.compile(r"MD5-of-(?P<crcs>\d+)MD5-of-(?P<bytes>\d+)(?P<md5>CRC32C?)|COMPOSITE-(?P<composite>CRC32C?)")
_GATHERED_BYTES = 32


@dataclass(frozen=True)
class Checksum:
    """A file's checksum and how it is made.

    Attributes:
        digest: hexadecimal.
        crc: CRC32 or CRC32C.
        bytes_per_crc: 0 where the CRC is of the whole file.
        bytes_per_block: 0 where the file has one block at most.
    """

    digest: str
    crc: str
    bytes_per_crc: int
    bytes_per_block: int

    def of(self, path: Path) -> str:
        """The checksum of a local file by the same algorithm; the file is read in pieces."""
        crc = _CRCS[self.crc]
        with path.open("rb", buffering=0) as file:
            if not self.bytes_per_crc:
                return whole_crc(iter(lambda: file.read(READ_BYTES), b""), self.crc)
            pieces = _pieces(file.read, self.bytes_per_block)
            return _md5_of_md5s(pieces, crc, self.bytes_per_crc)


def parse(answer: Mapping[str, Any]) -> Checksum:
    """Read the FileChecksum object of GETFILECHECKSUM.

    Raises:
        ImageLakeError: an algorithm that this module does not know.
    """
    name = str(answer["algorithm"])
    match = _NAME.fullmatch(name)
    if match is None:
        raise ImageLakeError(
            f"HDFS answers with the checksum {name!r}; known are MD5-of-…CRC32[C] and COMPOSITE-CRC32[C]"
        )
    # The text may go on behind the announced length: it is the dump of a larger buffer.
    digits = str(answer["bytes"])[: 2 * int(answer["length"])]
    if match["composite"]:
        return Checksum(digits[-8:], match["composite"], 0, 0)
    # An empty file has no CRC, and says that each is of 0 bytes.
    bytes_per_crc = int(match["bytes"]) or 512
    return Checksum(digits[-32:], match["md5"], bytes_per_crc, int(match["crcs"]) * bytes_per_crc)


def whole_crc(chunks: Iterable[bytes], crc: str = "CRC32C") -> str:
    """The CRC of all the bytes, as eight hexadecimal digits."""
    value = 0
    for chunk in chunks:
        value = _CRCS[crc](chunk, value)
    return f"{value:08x}"


def _pieces(read: Callable[[int], bytes], bytes_per_block: int) -> Iterator[tuple[bytes, bool]]:
    """Pieces of at most READ_BYTES, each with whether a block ends with it."""
    left = bytes_per_block
    while piece := _read_fully(read, min(left, READ_BYTES) if bytes_per_block else READ_BYTES):
        left -= len(piece)
        ends = bool(bytes_per_block) and left == 0
        left = bytes_per_block if ends else left
        yield piece, ends


def _read_fully(read: Callable[[int], bytes], size: int) -> bytes:
    """One read is enough for a file on a disk, not on every network file system."""
    piece = read(size)
    while 0 < len(piece) < size and (more := read(size - len(piece))):
        piece += more
    return piece


def _md5_of_md5s(
    pieces: Iterable[tuple[bytes, bool]], crc: Callable[[bytes | memoryview, int], int], bytes_per_crc: int
) -> str:
    md5s, block, begun = bytearray(), hashlib.md5(), False
    for piece, ends in pieces:
        view = memoryview(piece)
        parts = range(0, len(piece), bytes_per_crc)
        block.update(b"".join([crc(view[at : at + bytes_per_crc], 0).to_bytes(4, "big") for at in parts]))
        begun = not ends
        if ends:
            md5s += block.digest()
            block = hashlib.md5()
    if begun:
        md5s += block.digest()
    size = _GATHERED_BYTES
    while size < len(md5s):
        size *= 2
    return hashlib.md5(md5s.ljust(size, b"\0")).hexdigest()
