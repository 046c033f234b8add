"""Whether a local file and one on HDFS hold the same bytes."""

from __future__ import annotations

from pathlib import Path

from imagelake.cluster.webhdfs.checksum import READ_BYTES, whole_crc
from imagelake.cluster.webhdfs.client import Status, WebHdfs


def is_same(store: WebHdfs, local: Path, remote: str, status: Status) -> bool:
    """Compare length and checksum; HDFS's bytes are read back only where its checksum is not that of the bytes.

    Raises:
        OSError: the local file cannot be read.
    """
    if local.stat().st_size != status.bytes:
        return False
    if status.plain:
        checksum = store.checksum(remote)
        return checksum.of(local) == checksum.digest
    with local.open("rb", buffering=0) as file:
        expected = whole_crc(iter(lambda: file.read(READ_BYTES), b""))
    return store.retried(lambda: whole_crc(store.read(remote)), remote) == expected
