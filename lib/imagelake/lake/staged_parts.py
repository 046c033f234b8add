"""The files of a staged table, with checksums that cost little: one read on a local disk, none on HDFS."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from imagelake.lake.manifest import Part
from imagelake.lake.parts import is_part, local_crc32c
from imagelake.lake.storage import JAVA_ERRORS, Storage, storage_error

READERS = 4
CRC32C = "COMPOSITE-CRC32C"


def parts_of(storage: Storage, folder: str) -> list[Part]:
    """The parts of a staged folder: on a local disk one read of them, on HDFS the checksums that it keeps itself."""
    found = [(file.path, file.size) for file in storage.files(folder) if is_part(file.path.rpartition("/")[2])]
    local = folder.startswith("file://")
    checksum = _local_crc32c if local else hdfs_crc32c(storage)
    # Hadoop lists what stands at file:///a as file:/a.
    prefix = len(folder.replace("file:///", "file:/") if local else folder) + 1
    with ThreadPoolExecutor(READERS) as readers:
        sums = readers.map(checksum, [path for path, _ in found])
        parts = [Part(path[prefix:], size, crc) for (path, size), crc in zip(found, sums, strict=True)]
    return sorted(parts, key=lambda part: part.name)


def _local_crc32c(uri: str) -> str:
    return local_crc32c(Path(uri.removeprefix("file:")))


def hdfs_crc32c(storage: Storage) -> Callable[[str], str]:
    """The CRC-32C of a file, combined by HDFS of the checksums that its DataNodes keep; empty where it has no such."""
    conf = storage.configuration_with(
        {"dfs.checksum.combine.mode": "COMPOSITE_CRC", "fs.hdfs.impl.disable.cache": "true"}
    )
    systems: list[Any] = []

    def checksum(uri: str) -> str:
        path = storage.hadoop_path(uri)
        try:
            if not systems:
                systems.append(path.getFileSystem(conf))
            found = systems[0].getFileChecksum(path)
            # In an encryption zone it would be that of the encrypted bytes.
            if found is None or found.getAlgorithmName() != CRC32C or systems[0].getFileStatus(path).isEncrypted():
                return ""
            return bytes(found.getBytes()).hex()[-8:]
        except JAVA_ERRORS as error:
            raise storage_error(uri, error) from None

    return checksum
