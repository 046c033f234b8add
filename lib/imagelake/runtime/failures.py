"""How an error that nobody foresaw ends a job: one line with what helps, and its stack trace in a file."""

from __future__ import annotations

import os
import tempfile
import time
import traceback
from pathlib import Path

from py4j.protocol import Py4JNetworkError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException

from imagelake.errors import ImageLakeError
from imagelake.lake.remedies import os_error, refusal
from imagelake.lake.storage import JAVA_ERRORS
from imagelake.net.credentials import without_credentials

LOGS = Path("var") / "log"
JVM_GONE = (
    "Spark's JVM has ended in the middle of the job: it was killed, or the machine ran out of memory (the kernel's log "
    "says so: journalctl -k, dmesg). What was published before is untouched: run the job again, where memory was short "
    "with less of it for Spark (--set spark.spark.driver.memory=2g) or fewer tasks at a time"
)
_GONE_SIGNS = ("Answer from Java side is empty", "Error while sending or receiving", "Connection refused")


def in_one_line(error: BaseException) -> str:
    """What went wrong, and what helps where that is known."""
    text = str(error)
    if isinstance(error, ImageLakeError):
        return text
    if isinstance(error, Py4JNetworkError | ConnectionError) or any(sign in text for sign in _GONE_SIGNS):
        return JVM_GONE
    if isinstance(error, JAVA_ERRORS) and (known := refusal(text)):
        return known
    if isinstance(error, OSError):
        return str(os_error(error.filename or "this machine", error))
    first = next((line.strip() for line in _message(error).splitlines() if line.strip()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def _message(error: BaseException) -> str:
    return str(error.getMessage() if isinstance(error, PySparkException) else error)


def keep_trace(name: str, error: BaseException) -> Path:
    """Write the stack trace into a file, in var/log where that can be written, and say which."""
    text = without_credentials("".join(traceback.format_exception(error)))
    file = f"{name.replace(' ', '_')}-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    for folder in (LOGS, Path(tempfile.gettempdir())):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / file).write_text(text, encoding="utf-8")
            return folder / file
        except OSError:
            continue
    return Path(os.devnull)
