"""The progress of a long job on standard error: one updated line on a terminal, a line every 15 s in a log."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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


def steps_text(steps: Sequence[Step]) -> str:
    """What runs: the name of a job by itself, and number and name of those of several."""
    names = ", ".join(step.name for step in steps)
    if steps[0].of == 1:
        return names
    return f"step {' and '.join(str(step.number) for step in steps)} of {steps[0].of}, {names}"


@dataclass(frozen=True)
class Stages:
    """How far the running stages of Spark are.

    Attributes:
        done: finished tasks.
        tasks: all of them, at least 1.
        rows: read until now: images where a table has one row for each.
        seconds: since the first of them began.
    """

    done: int
    tasks: int
    rows: int
    seconds: float

    @property
    def left_s(self) -> float | None:
        """Seconds that they still take at the pace of their finished tasks; None before the first is."""
        return self.seconds * (self.tasks - self.done) / self.done if self.done else None


def progress_line(steps: Sequence[Step], stages: Stages, seconds: float) -> str:
    """How far the running jobs are.

    Args:
        steps: these jobs, at least one.
        stages: what Spark runs of them.
        seconds: since the first of them began.
    """
    full = _BAR * stages.done // stages.tasks
    parts = [f"[{'#' * full}{'-' * (_BAR - full)}] {stages.done:,} of {stages.tasks:,} tasks"]
    if stages.rows:
        parts.append(f"{stages.rows:,} rows")
        if stages.seconds >= 1:
            parts[-1] += f" ({stages.rows / stages.seconds:,.0f}/s)"
    parts.append(_clock(seconds))
    if stages.left_s is not None:
        parts.append(f"about {_clock(stages.left_s)} left")
    return f"{steps_text(steps)}: {', '.join(parts)}"


def _clock(seconds: float) -> str:
    """E.g. 0:07, 12:30 or 1:02:03."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


class Progress:
    """Shows how far the running stages of Spark are, inside a ``with``."""

    def __init__(self, context: SparkContext, stream: TextIO = sys.stderr) -> None:
        """Begin with no job.

        Args:
            context: of all jobs.
            stream: where the line goes.
        """
        self._tracker = context.statusTracker()
        # Python's tracker knows tasks alone; the JVM's store has the rows, of running tasks too.
        self._store = context._jsc.sc().statusStore()
        self._stream = stream
        self._began: dict[Step, float] = {}
        self._columns = columns_of(stream)
        self._stopped = threading.Event()
        self._stages: tuple[tuple[int, ...], float] = ((), time.monotonic())
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

    @contextmanager
    def of(self, step: Step) -> Iterator[None]:
        """Within it a job runs, which the line names."""
        self._began[step] = time.monotonic()
        try:
            yield
        finally:
            del self._began[step]

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
        began = dict(self._began)
        numbers = tuple(sorted(self._tracker.getActiveStageIds()))
        running = [stage for number in numbers if (stage := self._tracker.getStageInfo(number)) is not None]
        if not running or not began:
            return ""
        now = time.monotonic()
        if numbers != self._stages[0]:
            self._stages = (numbers, now)
        stages = Stages(
            sum(stage.numCompletedTasks for stage in running),
            max(1, sum(stage.numTasks for stage in running)),
            sum(self._rows_read(stage.stageId) for stage in running),
            now - self._stages[1],
        )
        return progress_line([*began], stages, now - min(began.values()))

    def _rows_read(self, stage_id: int) -> int:
        """Rows that a stage has read, from files or from the stages before it."""
        stage = self._store.lastStageAttempt(stage_id)
        return int(stage.inputRecords() or stage.shuffleReadRecords())
