"""The progress of a long job on standard error: one updated line on a terminal, a line every 15 s in a log."""

from __future__ import annotations

import sys
import threading
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from pyspark import SparkContext

TERMINAL_PERIOD_S, LOG_PERIOD_S = 0.5, 15.0
_ERASED = "\r\x1b[K"


def announce(text: str, stream: TextIO | None = None) -> None:
    """Print a progress line that is not overwritten, by default to standard error."""
    stream = stream or sys.stderr
    stream.write(f"{_ERASED if stream.isatty() else ''}{text}\n")
    stream.flush()


class Progress:
    """Shows the tasks of Spark's running stages inside a ``with``."""

    def __init__(self, context: SparkContext, job: str, stream: TextIO = sys.stderr) -> None:
        self._tracker = context.statusTracker()
        self._job, self._stream = job, stream
        self._terminal = stream.isatty()
        self._stopped = threading.Event()
        self._started = time.monotonic()
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        if self._terminal:
            self._stream.write(_ERASED)

    def _watch(self) -> None:
        while not self._stopped.wait(TERMINAL_PERIOD_S if self._terminal else LOG_PERIOD_S):
            try:
                line = self._line()
            except Exception:  # the JVM is gone: the job itself says so
                return
            if line:
                self._stream.write(f"{_ERASED}{line}" if self._terminal else f"{line}\n")
                self._stream.flush()

    def _line(self) -> str:
        stages = [self._tracker.getStageInfo(stage) for stage in self._tracker.getActiveStageIds()]
        running = [stage for stage in stages if stage is not None]
        if not running:
            return ""
        done, tasks = sum(stage.numCompletedTasks for stage in running), sum(stage.numTasks for stage in running)
        seconds = time.monotonic() - self._started
        return f"{self._job}: {done:,} of {tasks:,} tasks of the running stage, {seconds:.0f} s"
