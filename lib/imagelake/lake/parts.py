"""The files of a published table: their names, sizes and checksums, and whether they still agree with the manifest."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crc32c import crc32c

from imagelake.lake.manifest import MANIFEST, Manifest
from imagelake.lake.remedies import os_error

if TYPE_CHECKING:
    from imagelake.lake.files import Files

READ_BYTES = 1 << 20


def is_part(name: str) -> bool:
    """Whether a file belongs to what was published: not the manifest, nor the marks and checksums that Hadoop adds."""
    return name not in {MANIFEST, "_SUCCESS"} and not name.endswith(".crc")


def local_crc32c(path: Path) -> str:
    """The CRC-32C of a file of this machine, read once; other threads read meanwhile."""
    value = 0
    try:
        with path.open("rb", buffering=0) as file:
            while piece := file.read(READ_BYTES):
                value = crc32c(piece, value)
    except OSError as error:
        raise os_error(path, error) from None
    return f"{value:08x}"


def damage(files: Files, folder: str, manifest: Manifest, crc_of: Callable[[str], str] | None = None) -> Iterator[str]:
    """What is wrong with the files of a published folder, a line each.

    Args:
        files: of the lake.
        folder: where the table stands.
        manifest: what was published.
        crc_of: the CRC-32C of a file, by its path from the root; without it names and sizes are compared alone.
    """
    expected = {part.name: part for part in manifest.parts or ()}
    found: dict[str, int] = {}
    for subfolder in sorted({name.rpartition("/")[0] for name in expected} | {""}):
        listing = files.sizes(f"{folder}/{subfolder}" if subfolder else folder)
        found |= {f"{subfolder}/{name}" if subfolder else name: size for name, size in listing.items()}
    for name, part in expected.items():
        if name not in found:
            yield f"{folder}/{name} is gone"
        elif found[name] != part.bytes:
            yield f"{folder}/{name} has {found[name]:,} bytes, not {part.bytes:,}"
        elif crc_of and part.crc32c and (crc := crc_of(f"{folder}/{name}")) not in {part.crc32c, ""}:
            yield f"{folder}/{name} has the checksum {crc}, not {part.crc32c}: bytes of it have changed"
    if manifest.parts is not None:
        for name in sorted(found.keys() - expected.keys()):
            if name.endswith(".parquet") and is_part(name):
                yield f"{folder}/{name} was not published with the table"
