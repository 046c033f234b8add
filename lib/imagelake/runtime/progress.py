"""The progress of a long job on standard error: one updated line on a terminal, a line every 15 s in a log."""

from __future__ import annotations

import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from imagelake.terminal import columns_of

if TYPE_CHECKING:
    from pyspark import SparkContext

TERMINAL_PERIOD_S, LOG_PERIOD_S = 0.5, 15.0
_ERASED = "\r\x1b[K"
_BAR = 20  # characters


def announce(text: str, stream: TextIO | None = None) -> None:
    """Print a progress line that is not overwritten, by default to standard error."""
    stream = stream or sys.stderr
    stream.write(f"{_ERASED if columns_of(stream) else ''}{text}\n")
    stream.flush()


@dataclass(frozen=True)
class Step:
    """One job of a run: its name, its number, 1 for the first, and how many there are."""

    name: str
    number: int = 1
    of: int = 1

    def __str__(self) -> str:
        return self.name if self.of == 1 else f"step {self.number} of {self.of}, {self.name}"


def progress_line(step: Step, done: int, tasks: int, seconds: float, left_s: float | None) -> str:
    """How far a job is.

    Args:
        step: the job.
        done: finished tasks of the running stages.
        tasks: all of them, at least 1.
        seconds: since the job began.
        left_s: that the running stages still take; None where nothing is known yet.
    """
    full = _BAR * done // tasks
    left = "" if left_s is None else f", about {_clock(left_s)} left"
    return f"{step}: [{'#' * full}{'-' * (_BAR - full)}] {done:,} of {tasks:,} tasks, {_clock(seconds)}{left}"


def _clock(seconds: float) -> str:
    """E.g. 0:07, 12:30 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Progress:
    """Shows how far the running stages of Spark are, inside a ``with``."""

    def __init__(self, context: SparkContext, step: Step, stream: TextIO = sys.stderr) -> None:
        self._tracker = context.statusTracker()
        self._step, self._stream = step, stream
        self._columns = columns_of(stream)
        self._stopped = threading.Event()
        self._started = time.monotonic()
        self._stages: tuple[tuple[int, ...], float] = ((), self._started)
        self._thread = threading.Thread(target=self._watch, name="progress", daemon=True)

    def __enter__(self) -> Progress:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        self._thread.join()
        if self._columns:
            self._stream.write(_ERASED)
            self._stream.flush()

    def _watch(self) -> None:
        while not self._stopped.wait(TERMINAL_PERIOD_S if self._columns else LOG_PERIOD_S):
            try:
                line = self._line()
            except Exception:  # the JVM is gone: the job itself says so
                return
            if line:
                self._stream.write(f"{_ERASED}{line[: self._columns - 1]}" if self._columns else f"{line}\n")
                self._stream.flush()

    def _line(self) -> str:
        numbers = tuple(sorted(self._tracker.getActiveStageIds()))
        running = [stage for number in numbers if (stage := self._tracker.getStageInfo(number)) is not None]
        if not running:
            return ""
        now = time.monotonic()
        if numbers != self._stages[0]:
            self._stages = (numbers, now)
        done, tasks = sum(stage.numCompletedTasks for stage in running), sum(stage.numTasks for stage in running)
        left_s = (now - self._stages[1]) * (tasks - done) / done if done else None
        return progress_line(self._step, done, max(1, tasks), now - self._started, left_s)
