"""The log of the server: warnings and errors on standard error, of each line of code a few a minute."""

from __future__ import annotations

import logging
import threading
import time

from imagelake.net.credentials import without_credentials
from imagelake.terminal import printable

_EACH = 10  # records of one line of code
_MINUTE_S = 60.0


class FewOfEach(logging.Filter):
    """Passes the first records of each line of code in a minute; the first one after it says how many were left out.

    A client cannot choose the line of code, as it can a text.
    """

    def __init__(self, each: int = _EACH, period_s: float = _MINUTE_S) -> None:
        super().__init__()
        self._each, self._period_s = each, period_s
        self._lock = threading.Lock()
        self._began: dict[tuple[str, int], float] = {}
        self._count: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged."""
        line, now = (record.pathname, record.lineno), time.monotonic()
        with self._lock:
            left_out = 0
            if now - self._began.get(line, -self._period_s) >= self._period_s:
                left_out = self._count.get(line, 0) - self._each
                self._began[line], self._count[line] = now, 0
            self._count[line] += 1
            passes = self._count[line] <= self._each
        if left_out > 0:
            record.msg = f"{record.msg} (and {left_out:,} more like this before)"
        return passes


class OneLine(logging.Formatter):
    """A record's message on one line, whatever a client has put into it, and no credentials of addresses."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        """The line, without what a stack trace adds."""
        return printable(super().formatMessage(record))

    def format(self, record: logging.LogRecord) -> str:
        """The line and its stack trace."""
        return without_credentials(super().format(record))


def log_warnings() -> None:
    """Write the warnings of the server and its libraries to standard error."""
    handler = logging.StreamHandler()
    handler.addFilter(FewOfEach())
    handler.setFormatter(OneLine("%(levelname)s: %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
