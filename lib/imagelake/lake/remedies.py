"""Remedies for errors of HDFS, found in the text of a Java stack trace."""

from __future__ import annotations

import errno
import re
from pathlib import Path

from imagelake.errors import ImageLakeError

_TICKET = "klist shows the ticket in use, kinit gets one, scripts/submit --principal and --keytab need none"
_GONE = "check the host, its port in --root and in fs.defaultFS of HADOOP_CONF_DIR, and that the NameNode runs"
# Words of an error -> its remedy. The first that matches counts, so authentication comes before permissions.
_REMEDIES = {
    r"Client cannot authenticate via|GSSException|KrbException": f"it needs a valid Kerberos ticket: {_TICKET}",
    r"SIMPLE authentication is not enabled": (
        f"the cluster is secure and this configuration is not: set HADOOP_CONF_DIR to the cluster's own; then {_TICKET}"
    ),
    r"\bInvalidToken\b": f"the delegation token has ended: fetch another, or do without one: {_TICKET}",
    r"Permission denied: user=|\bAccessControlException\b": (
        "ask as a user who may (on a secure cluster that of the ticket: klist, kinit), or have the rights changed: "
        "hdfs dfs -chown or -chmod"
    ),
    r"\bSafeModeException\b|is in safe mode": (
        "the NameNode takes no writes while in safe mode; it leaves by itself once enough DataNodes have reported "
        "(hdfs dfsadmin -safemode get), or by hdfs dfsadmin -safemode leave"
    ),
    r"\bDSQuotaExceededException\b": (
        "the folder's space quota is full, counting every replica: delete what is not needed, or raise it: "
        "hdfs dfsadmin -setSpaceQuota"
    ),
    r"\bNSQuotaExceededException\b": (
        "the folder's quota of files is full: delete what is not needed, or raise it: hdfs dfsadmin -setQuota"
    ),
    r"No space left on device": "the disk is full: free some space, or choose another --root or spark.local.dir",
    r"Read-only file system": "the file system takes no writes: choose another --root, or mount it to be written",
    r"ParentNotDirectoryException|Not a directory": "a part of this path is a file: --root names the lake's folder",
    r"\bOutOfMemoryError\b": (
        "Java ran out of memory: give it more, e.g. --set spark.spark.driver.memory=4g, and executors on a cluster "
        "spark.spark.executor.memory"
    ),
    r"\bExecutorLostFailure\b": (
        "an executor ended at each attempt of a task, most often for want of memory: give Java more with --set "
        "spark.spark.executor.memory=4g, or Python with spark.spark.executor.memoryOverhead=2g"
    ),
    r"\bBlockMissingException\b": "no living DataNode has the data: hdfs fsck on the path says what is missing",
    r"\bChecksumException\b": (
        "bytes of the file have changed since it was written: scripts/check_lake says which jobs make it anew"
    ),
    r"\bStandbyException\b": "this NameNode is on standby: name the service of both (fs.defaultFS in HADOOP_CONF_DIR)",
    r"\b(UnknownHost|Connect|ConnectTimeout|SocketTimeout|NoRouteToHost)Exception\b": _GONE,
}


def remedy(text: str) -> str:
    """The remedy for an error; empty where none is known.

    Args:
        text: class and message of a Java error. Both are searched, since Hadoop uses AccessControlException for most
            denials.
    """
    return next((advice for pattern, advice in _REMEDIES.items() if re.search(pattern, text)), "")


def refusal(trace: str) -> str | None:
    """The line of a stack trace that names HDFS's refusal, followed by the remedy; None if there is none."""
    for pattern, advice in _REMEDIES.items():
        if found := re.search(rf"[^\n]*(?:{pattern})[^\n]*", trace):
            # Java writes the classes of outer errors before the inner one's on the same line.
            line = re.sub(
                r"^.*?\b(\w*(?:Exception|InvalidToken|OutOfMemoryError))\)?:\s*(?!.*Exception\b)",
                r"\1: ",
                found[0].strip(),
            )
            return f"{line}. {advice}"
    return None


_SYSTEM = {
    errno.ENOSPC: "the disk is full: free some space, or choose another --root",
    errno.EDQUOT: "the user's share of the disk is full: free some space, or choose another --root",
    errno.EROFS: "the file system takes no writes: choose another --root, or mount it to be written",
    errno.EACCES: "ask as a user who may, or have the rights changed: chown or chmod",
    errno.EPERM: "ask as a user who may, or have the rights changed: chown or chmod",
    errno.ENOTDIR: "a part of this path is a file: --root names the folder of the lake",
    errno.EEXIST: "a file stands where a folder is needed: --root names the folder of the lake",
    errno.EIO: "the disk cannot be read or written: look at the system's log",
    errno.EMFILE: "too many files are open: raise the limit with ulimit -n",
}


def os_error(path: Path | str, error: OSError) -> ImageLakeError:
    """An error of this machine's file system as one line, with what helps if known."""
    said = f"{path}: {error.strerror or error}"
    advice = _SYSTEM.get(error.errno or 0)
    return ImageLakeError(f"{said}. {advice[0].upper()}{advice[1:]}" if advice else said)
