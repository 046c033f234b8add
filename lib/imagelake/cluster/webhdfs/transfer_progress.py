"""The progress of a transfer on standard error: a bar on a terminal, a line every few seconds in a log."""

from __future__ import annotations

import threading
import time

from rich.console import Console
from rich.filesize import decimal
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

LOG_PERIOD_S = 5.0
# Workers meet the same problem at the same time; it is printed once.
_NOTE_PERIOD_S = 5.0


class TransferProgress:
    """Bytes and files done, of any number of threads, and notes of what is waited for."""

    def __init__(self, console: Console, verb: str) -> None:
        self._console, self._verb = console, verb
        columns = (
            TextColumn("{task.description} {task.fields[files]:,} files"),
            BarColumn(),
            DownloadColumn(),
            TransferSpeedColumn(),
            TimeRemainingColumn(),
        )
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
        self._task = self._bar.add_task(verb, total=None, files=0)
        self._lock, self._left = threading.Lock(), threading.Event()
        self._bytes = self._files = 0
        self._total = self._total_files = 0
        self._noted = -_NOTE_PERIOD_S
        self._thread = threading.Thread(target=self._log, name="progress", daemon=True)

    def __enter__(self) -> TransferProgress:
        self._bar.start()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()
        self._bar.stop()

    def expect(self, files: int, size: int) -> None:
        """Set what there is to do."""
        self._total_files, self._total = files, size
        self._bar.update(self._task, total=size)

    def advance(self, size: int) -> None:
        """Count bytes; negative ones where an attempt failed and begins again."""
        with self._lock:
            self._bytes += size
        self._bar.update(self._task, advance=size)

    def finish_file(self) -> None:
        """Count a file."""
        with self._lock:
            self._files += 1
        self._bar.update(self._task, files=self._files)

    def note(self, text: str) -> None:
        """Print a problem that is being retried."""
        with self._lock:
            if time.monotonic() - self._noted < _NOTE_PERIOD_S:
                return
            self._noted = time.monotonic()
        self._print(text)

    def _log(self) -> None:
        while not self._left.wait(LOG_PERIOD_S):
            if not self._console.is_terminal:
                done = f"{self._files:,} of {self._total_files:,} files, {decimal(max(0, self._bytes))}"
                self._print(f"{self._verb}: {done} of {decimal(self._total)}")

    def _print(self, text: str) -> None:
        self._console.print(text, highlight=False, markup=False, soft_wrap=True)
