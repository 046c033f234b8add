"""The classification of request errors: whether to retry and for how long, and the remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from urllib.parse import urlsplit

import requests

from imagelake.errors import ImageLakeError
from imagelake.net.connection_errors import plain_reason


class RefusedError(ImageLakeError):
    """A final error of one file; other files may succeed. The message is one line with address and remedy."""


class UnreachableError(ImageLakeError):
    """No NameNode served for the whole timeout, so that other files would fail too."""


class SpoiledError(Exception):
    """A copy with another length or checksum than the source; worth a retry."""


class StoppedError(Exception):
    """The run was stopped: by Ctrl-C, or because no NameNode serves."""


class RetryTime(Enum):
    """How long an error is worth new attempts."""

    NONE = "none"
    BRIEF = "brief"
    LONG = "long"


@dataclass(frozen=True)
class Failure:
    """An error as text; ``everywhere`` says that it affects all files."""

    reason: str
    retry_time: RetryTime
    everywhere: bool = False


_USER = "ask as one who may (--user NAME, or kinit NAME and --kerberos), or have the rights changed: hdfs dfs -chmod"
_TICKET = "run kinit (klist shows the ticket in use) and give --kerberos"
_SPACE = "remove files there, or have the quota raised: hdfs dfsadmin -setSpaceQuota"
_NAMES = "remove files there, or have the quota raised: hdfs dfsadmin -setQuota"
_REMEDIES = {
    "AccessControlException": _USER,
    "DSQuotaExceededException": _SPACE,
    "QuotaByStorageTypeExceededException": _SPACE,
    "NSQuotaExceededException": _NAMES,
    "InvalidPathException": "HDFS allows neither ':' nor '..' in a name: rename the file",
    "PathComponentTooLongException": "the name is too long for HDFS: rename the file",
    "MaxDirectoryItemsExceededException": "spread the files over more folders",
    "FileNotFoundException": "check the path",
    "FileAlreadyExistsException": "another run may have written it meanwhile: run the same command again",
    "ParentNotDirectoryException": "a part of the path is a file: choose another folder",
    "SecurityException": _TICKET,
    "AuthenticationException": _TICKET,
    "InvalidToken": _TICKET,
    "IllegalArgumentException": "check the options",
    "UnsupportedOperationException": "the cluster does not offer this",
}
_WAITING = {
    "SafeModeException": "the NameNode is in safe mode (hdfs dfsadmin -safemode get; leave)",
    "StandbyException": "the NameNode is on standby: name the active one as well",
    "RetriableException": "the NameNode is starting",
}
_BAD_OPTION = "Specified block size"


def classify(error: BaseException) -> Failure | None:
    """Judge an error of a request; None for one that is no failure of a request at all."""
    if isinstance(error, SpoiledError):
        return Failure(str(error), RetryTime.BRIEF)
    if isinstance(error, requests.exceptions.RequestException):
        transient = isinstance(error, (requests.exceptions.ConnectionError, requests.exceptions.Timeout))
        chunked = isinstance(error, requests.exceptions.ChunkedEncodingError)
        return Failure(
            f"{plain_reason(error)}{_host(error)}",
            RetryTime.LONG if transient or chunked else RetryTime.NONE,
            everywhere=True,
        )
    if type(error).__module__.startswith("hdfs."):
        return _of_answer(str(getattr(error, "exception", None) or ""), _first_line(getattr(error, "message", error)))
    if isinstance(error, (KeyError, TypeError, ValueError)):  # the package's own, on an answer that is not WebHDFS's
        return Failure(
            "the answer is not WebHDFS's: is this the address of a NameNode's web interface?", RetryTime.LONG, True
        )
    return None


def _of_answer(exception: str, message: str) -> Failure:
    if exception in _WAITING:
        return Failure(_WAITING[exception], RetryTime.LONG, everywhere=True)
    if exception in _REMEDIES:
        return Failure(f"{message}; {_REMEDIES[exception]}", RetryTime.NONE)
    if message.startswith("Authentication failure"):
        return Failure(f"the cluster does not accept who you are; {_TICKET}", RetryTime.NONE, everywhere=True)
    if not exception:
        return Failure(f"no answer of WebHDFS: {message[:200]}", RetryTime.LONG, everywhere=True)
    if message.startswith(_BAD_OPTION):
        return Failure(message, RetryTime.NONE)
    return Failure(f"{exception}: {message}", RetryTime.BRIEF)


def _host(error: requests.exceptions.RequestException) -> str:
    """The host whose response failed: the NameNode, or the DataNode that it redirected to."""
    url = getattr(error.request, "url", None)
    return f" ({urlsplit(url).netloc})" if url else ""


def _first_line(message: object) -> str:
    """The first line of a message; the others are Java's stack trace."""
    text = message.decode("utf-8", "replace") if isinstance(message, bytes) else str(message)
    return text.strip().partition("\n")[0]
