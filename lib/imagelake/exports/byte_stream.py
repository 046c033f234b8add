"""Files as rows: a stream of bytes cut so that Spark's text writer, which ends each row alike, writes the very bytes.

Spark reaches every file system that a lake can lie on, but has no writer of plain bytes. Its text writer writes the
bytes of a row as they are, and one byte behind each. So a file is cut at such bytes, which are left out, and must end
with one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator


def rows_of(stream: Iterable[bytes], separator: bytes, size: int) -> Iterator[bytes]:
    """The rows of a file: joined, with the separator behind each, they are the stream.

    Args:
        stream: the file in pieces; it ends with the separator.
        separator: one byte.
        size: bytes of a row, from which on it ends at the last separator; longer only where there is none.

    Raises:
        ValueError: the stream does not end with the separator.
    """
    waiting = bytearray()
    for piece in stream:
        waiting += piece
        if len(waiting) >= size and (cut := waiting.rfind(separator)) >= 0:
            yield bytes(waiting[:cut])
            del waiting[: cut + 1]
    if waiting:
        if not waiting.endswith(separator):
            raise ValueError(f"a file that is written as rows must end with the byte {separator!r}")
        yield bytes(waiting[:-1])
