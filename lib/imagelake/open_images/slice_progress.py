"""The progress of a download on standard error: bars on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from imagelake.net.transfer import Position

LOG_PERIOD_S = 15.0


class SliceProgress:
    """One bar a file, by bytes, and one a split, by images."""

    def __init__(self, console: Console) -> None:
        self._console = console
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[state]}"),
            TimeRemainingColumn(),
        )
        self._bars = Progress(*columns, console=console, disable=not console.is_terminal)
        self._logged = time.monotonic()

    def __enter__(self) -> SliceProgress:
        self._bars.start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    @contextmanager
    def reading(self, name: str) -> Iterator[Callable[[Position], None]]:
        """Show the progress of a file; yields a function to call with each new position."""
        with self._task(name) as show:
            yield lambda position: show(position.offset, position.total, _amount(position))

    @contextmanager
    def images(self, name: str, total: int) -> Iterator[Callable[[int], None]]:
        """Show the progress of images; yields a function to call with each new number of them."""
        started = time.monotonic()

        def state(done: int) -> str:
            return f"{done:,} of {total:,} images, {done / max(time.monotonic() - started, 1e-9):.1f}/s"

        with self._task(name) as show:
            yield lambda done: show(done, total, state(done))

    @contextmanager
    def _task(self, name: str) -> Iterator[Callable[[int, int | None, str], None]]:
        task = self._bars.add_task(name, total=None, state="")
        last = ""

        def show(done: int, total: int | None, state: str) -> None:
            nonlocal last
            last = state
            self._bars.update(task, completed=done, total=total, state=state)
            if time.monotonic() - self._logged > LOG_PERIOD_S:
                self._log(name, state)

        yield show
        self._log(name, last)

    def _log(self, name: str, state: str) -> None:
        self._logged = time.monotonic()
        if not self._console.is_terminal:
            self._console.print(f"{name}: {state}", highlight=False, markup=False, soft_wrap=True)


def _amount(position: Position) -> str:
    total = f" of {decimal(position.total)}" if position.total is not None else ""
    return f"{decimal(position.offset)}{total}"
