"""The files of a staged table, with checksums that cost little: one read on a local disk, none on HDFS."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from imagelake.lake.inputs import LOCAL, is_local
from imagelake.lake.manifest import Part
from imagelake.lake.parts import is_part, local_crc32c
from imagelake.lake.storage import JAVA_ERRORS, Storage, storage_error

READERS = 4
CRC32C = "COMPOSITE-CRC32C"


def parts_of(storage: Storage, folder: str) -> list[Part]:
    """The parts of a staged folder: on a local disk one read of them, on HDFS the checksums that it keeps itself."""
    found = [file for file in storage.files(folder) if is_part(file.relative.rpartition("/")[2])]
    checksum = _local_crc32c if is_local(folder) else hdfs_crc32c(storage)
    with ThreadPoolExecutor(READERS) as readers:
        sums = readers.map(checksum, [file.path for file in found])
        parts = [Part(file.relative, file.size, crc) for file, crc in zip(found, sums, strict=True)]
    return sorted(parts, key=lambda part: part.name)


def _local_crc32c(uri: str) -> str:
    return local_crc32c(Path(uri.removeprefix(LOCAL)))


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
