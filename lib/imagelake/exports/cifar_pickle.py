"""Batches of images as the CIFAR data sets have them: pickles of Python 2, which every reader of CIFAR loads.

Krizhevsky (2009): a dictionary with batch_label, labels, data and filenames; data is uint8 [N, 3072], each row the red
plane, then the green, then the blue one, by rows of the image. Readers unpickle it with encoding bytes or latin1 and
look for keys of the one or the other type; only strings of Python 2, which today's pickle module cannot write, serve
both.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Sequence

from imagelake.exports.pixels import Pixels

END = b"."
"""The last byte of every pickle."""

_DTYPE = (
    b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R"  # dtype("u1", 0, 1)
    b"(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
)


def cifar_batch(name: str, images: Iterable[Pixels], rows: int) -> Iterator[bytes]:
    """A batch in pieces; images pass one by one.

    Args:
        name: of the batch.
        images: N of 32 x 32, with labels of 0 or more.
        rows: N.
    """
    labels, names = [], []
    yield b"\x80\x02}(" + _string("batch_label") + _string(name)
    yield _string("data") + b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    yield b"(K\x01" + _integer(rows) + _integer(3072) + b"\x86" + _DTYPE + b"\x89T" + struct.pack("<i", rows * 3072)
    for image in images:
        yield image.pixels.transpose(2, 0, 1).tobytes()
        labels.append(image.label)
        names.append(image.image_id)
    yield b"tb" + _string("labels") + _list(map(_integer, labels))
    yield _string("filenames") + _list(map(_string, names)) + b"u" + END


def cifar_meta(label_names: Sequence[str], rows_per_batch: int) -> bytes:
    """The file batches.meta."""
    return (
        b"\x80\x02}("
        + (_string("num_cases_per_batch") + _integer(rows_per_batch))
        + (_string("label_names") + _list(map(_string, label_names)))
        + (_string("num_vis") + _integer(3072) + b"u" + END)
    )


def _string(text: str) -> bytes:
    data = text.encode()
    return (b"U" + bytes([len(data)]) if len(data) < 256 else b"T" + struct.pack("<i", len(data))) + data


def _integer(value: int) -> bytes:
    if value < 256:
        return b"K" + bytes([value])
    return b"M" + struct.pack("<H", value) if value < 65_536 else b"J" + struct.pack("<i", value)


def _list(items: Iterable[bytes]) -> bytes:
    return b"](" + b"".join(items) + b"e"
