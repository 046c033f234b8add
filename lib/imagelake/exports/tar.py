"""Shards of WebDataset: tar files in which the files of a sample stand together under one key."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

BLOCK = tarfile.BLOCKSIZE


@dataclass(frozen=True)
class Sample:
    """One image of a shard.

    Attributes:
        key: its number in the data set, ten digits.
        ending: of the image's file: jpg, png, ...
        content: the image's bytes.
        label: the class's number; None where it has none.
        description: what else is known of it.
    """

    key: str
    ending: str
    content: bytes
    label: int | None
    description: Mapping[str, Any]


def shard(samples: Iterable[Sample]) -> Iterator[bytes]:
    """A tar file in pieces; it ends with zeros."""
    for sample in samples:
        yield _entry(f"{sample.key}.{sample.ending}", sample.content)
        if sample.label is not None:
            yield _entry(f"{sample.key}.cls", str(sample.label).encode())
        yield _entry(f"{sample.key}.json", json.dumps(sample.description, ensure_ascii=False, sort_keys=True).encode())
    yield bytes(2 * BLOCK)


def _entry(name: str, content: bytes) -> bytes:
    """A file with its header, without a date or an owner, so that equal samples give equal shards."""
    header = tarfile.TarInfo(name)
    header.size = len(content)
    padded = io.BytesIO()
    padded.write(header.tobuf(tarfile.USTAR_FORMAT))
    padded.write(content)
    padded.write(bytes(-len(content) % BLOCK))
    return padded.getvalue()
