"""Names of unfinished files on HDFS; they name the writing process, so that a later run can remove them if it died."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import time

# Table readers skip names with a leading dot; the name is short, however long the file's is.
_PATTERN = re.compile(r"\.uploading-(?P<host>.+)-(?P<pid>\d+)-[0-9a-f]{16}")
# Whether a process of another host lives is unknown here.
_GIVEN_UP_S = 24 * 3600.0


def staged_name(name: str) -> str:
    """The name under which this process writes a file until it is whole and checked."""
    digest = hashlib.sha256(name.encode("utf-8")).hexdigest()[:16]
    return f".uploading-{_host()}-{os.getpid()}-{digest}"


def is_staged(name: str) -> bool:
    """Whether it is the name of an unfinished file."""
    return _PATTERN.fullmatch(name) is not None


def is_abandoned(name: str, modified_s: float) -> bool:
    """Whether its writer is gone: no such process on this host, or from another host and unchanged for a day."""
    match = _PATTERN.fullmatch(name)
    if match is None:
        return False
    if match["host"] == _host():
        return not _lives(int(match["pid"]))
    return time.time() - modified_s > _GIVEN_UP_S


def _host() -> str:
    return re.sub(r"[^\w.-]", "_", socket.gethostname())[:64]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
