"""The options and services that all transfers of a run share."""

from __future__ import annotations

from dataclasses import dataclass

from imagelake.cluster.webhdfs.client import WebHdfs
from imagelake.cluster.webhdfs.retry import Retrier
from imagelake.cluster.webhdfs.transfer_progress import TransferProgress


@dataclass(frozen=True)
class TransferOptions:
    """How files are transferred.

    Attributes:
        force: whether a file that is there with other content is replaced.
        block_bytes: of new files on HDFS; None for the cluster's own.
    """

    store: WebHdfs
    retrier: Retrier
    progress: TransferProgress
    force: bool = False
    block_bytes: int | None = None
