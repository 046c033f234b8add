"""The log of the server: warnings and errors on standard error, of each kind a few a minute."""

from __future__ import annotations

import logging
import threading
import time

_EACH = 10  # records of one kind
_MINUTE_S = 60.0


class FewOfEach(logging.Filter):
    """Passes the first records of each kind in a minute; the first one after it says how many were left out.

    A kind is the line of code that logs, so that no client chooses it.
    """

    def __init__(self, each: int = _EACH, period_s: float = _MINUTE_S) -> None:
        super().__init__()
        self._each, self._period_s = each, period_s
        self._lock = threading.Lock()
        self._began: dict[tuple[str, int], float] = {}
        self._seen: dict[tuple[str, int], int] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged."""
        kind, now = (record.pathname, record.lineno), time.monotonic()
        with self._lock:
            left_out = 0
            if now - self._began.get(kind, -self._period_s) >= self._period_s:
                left_out = self._seen.get(kind, 0) - self._each
                self._began[kind], self._seen[kind] = now, 0
            self._seen[kind] += 1
            passes = self._seen[kind] <= self._each
        if left_out > 0:
            record.msg = f"{record.msg} (and {left_out:,} more like this before)"
        return passes


def log_warnings() -> None:
    """Write the warnings of the server and its libraries to standard error."""
    handler = logging.StreamHandler()
    handler.addFilter(FewOfEach())
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s: %(name)s: %(message)s", handlers=[handler])
