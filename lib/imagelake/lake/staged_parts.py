"""Files with their checksums, which cost little: one read on a local disk, none on HDFS."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from imagelake.lake.inputs import LOCAL, is_local
from imagelake.lake.listing import FoundFile
from imagelake.lake.manifest import Part
from imagelake.lake.parts import is_part, local_crc32c
from imagelake.lake.storage import JAVA_ERRORS, Storage, storage_error

READERS = 4
CRC32C = "COMPOSITE-CRC32C"


def parts_of(storage: Storage, folder: str) -> list[Part]:
    """The parts of a staged folder."""
    found = [file for file in storage.files(folder) if is_part(file.relative.rpartition("/")[2])]
    parts = [Part(file.relative, file.size, crc) for file, crc in zip(found, checksums(storage, found), strict=True)]
    return sorted(parts, key=lambda part: part.name)


def checksums(storage: Storage, files: Sequence[FoundFile]) -> list[str]:
    """The CRC-32C of each file: on a local disk by one read, on HDFS from the checksums that it keeps itself.

    Raises:
        ImageLakeError: a file is gone, or cannot be read.
    """
    remote = None if all(is_local(file.path) for file in files) else hdfs_crc32c(storage)

    def checksum(file: FoundFile) -> str:
        if remote and not is_local(file.path):
            return remote(file.path)
        return local_crc32c(Path(os.fsdecode(file.raw)))

    with ThreadPoolExecutor(READERS) as readers:
        return list(readers.map(checksum, files))


def checksum_of(storage: Storage, folder: str) -> Callable[[str], str]:
    """What gives the CRC-32C of a file below a folder, by its address; empty where its file system knows none."""
    if is_local(folder):
        return lambda uri: local_crc32c(Path(uri.removeprefix(LOCAL)))
    return hdfs_crc32c(storage)


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
