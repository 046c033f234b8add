"""Arrays of images as .npz: images uint8 [N, H, W, 3], labels int64 [N] and image_ids, as a stream.

NumPy's own writer holds the whole array; here images pass one by one, so that an archive may be larger than memory.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterable, Iterator

import numpy as np
from numpy.lib import format as npy

from imagelake.exports.pixels import Pixels

_DATE = 0x21  # 1 January 1980, the first one that a ZIP file can have: equal arrays give equal files
_ZIP64 = 45  # the version that reads entries of more than 4 GB
COMMENT = b"\0"
"""The archive's comment, its last byte."""


def npz(images: Iterable[Pixels], shape: tuple[int, int, int, int]) -> Iterator[bytes]:
    """An archive in pieces.

    Args:
        images: N.
        shape: (N, H, W, 3).
    """
    entries: list[tuple[str, int, int, int]] = []
    offset = 0
    labels: list[int] = []
    names: list[str] = []
    arrays = (
        ("images.npy", _images(images, shape, labels, names)),
        ("labels.npy", _collected(labels, "<i8")),
        ("image_ids.npy", _collected(names, "U")),
    )
    for name, content in arrays:
        start = offset
        head = _local_header(name)
        yield head
        offset += len(head)
        checksum = size = 0
        for piece in content:
            checksum = zlib.crc32(piece, checksum)
            size += len(piece)
            yield piece
        # Sizes are known only now: they stand behind the content, as ZIP64 has them.
        tail = b"PK\x07\x08" + struct.pack("<IQQ", checksum, size, size)
        yield tail
        offset += size + len(tail)
        entries.append((name, start, checksum, size))
    directory = b"".join(_directory_entry(*entry) for entry in entries)
    yield directory
    yield struct.pack(
        "<4sQHHIIQQQQ", b"PK\x06\x06", 44, _ZIP64, _ZIP64, 0, 0, len(entries), len(entries), len(directory), offset
    )
    yield struct.pack("<4sIQI", b"PK\x06\x07", 0, offset + len(directory), 1)
    yield struct.pack("<4sHHHHIIH", b"PK\x05\x06", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, len(COMMENT)) + COMMENT


def _local_header(name: str) -> bytes:
    extra = struct.pack("<HHQQ", 1, 16, 0, 0)
    fixed = struct.pack(
        "<4sHHHHHIIIHH", b"PK\x03\x04", _ZIP64, 8, 0, 0, _DATE, 0, 0xFFFFFFFF, 0xFFFFFFFF, len(name), len(extra)
    )
    return fixed + name.encode() + extra


def _directory_entry(name: str, start: int, checksum: int, size: int) -> bytes:
    extra = struct.pack("<HHQQQ", 1, 24, size, size, start)
    fixed = struct.pack(
        "<4sHHHHHHIIIHHHHHII",
        *(b"PK\x01\x02", _ZIP64, _ZIP64, 8, 0, 0, _DATE, checksum, 0xFFFFFFFF, 0xFFFFFFFF),
        *(len(name), len(extra), 0, 0, 0, 0, 0xFFFFFFFF),
    )
    return fixed + name.encode() + extra


def _header(shape: tuple[int, ...], descr: str) -> bytes:
    file = io.BytesIO()
    npy.write_array_header_1_0(file, {"descr": descr, "fortran_order": False, "shape": shape})
    return file.getvalue()


def _images(
    images: Iterable[Pixels], shape: tuple[int, int, int, int], labels: list[int], names: list[str]
) -> Iterator[bytes]:
    """The array of pixels; labels and names are noted while it passes."""
    yield _header(shape, "|u1")
    for image in images:
        labels.append(image.label)
        names.append(image.image_id)
        yield image.pixels.tobytes()


def _collected(values: list[int] | list[str], dtype: str) -> Iterator[bytes]:
    """An array of what is in the list by the time that it is needed."""
    array = np.array(values, dtype) if values else np.empty(0, dtype if dtype != "U" else "<U1")
    yield _header(array.shape, array.dtype.str)
    yield array.tobytes()
