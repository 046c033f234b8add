"""The verdicts that are given in the browser app, in a file that the jobs read."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.judging.verdict_files import read_verdicts, written
from imagelake.serving.folder_lock import locked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from imagelake.judging.forms import Form


class VerdictFile:
    """Verdicts of one form in a CSV file. Tabs, servers and people with a spreadsheet may change it in turn.

    Each change exchanges the whole file under a lock: what was said before is never lost, and no reader sees a
    half-written line. Columns that are not the form's get lost. It grows by some 50 bytes a verdict.
    """

    def __init__(self, form: Form, folder: Path) -> None:
        """Open it, or make its folder.

        Raises:
            ImageLakeError: the folder cannot be made or written to, or the file is none of verdicts.
        """
        self.form, self.path = form, folder / f"{form.unit}_verdicts.csv"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with locked(self.path):
                if not self.path.exists():
                    self._write({})
            self.read()
        except OSError as error:
            raise ImageLakeError(
                f"--verdicts {folder}: {os.strerror(error.errno or 0)}; name a folder of this machine for verdicts"
            ) from None

    def read(self) -> dict[tuple[str, str], str]:
        """What is judged -> the verdict, the latest last.

        Raises:
            ImageLakeError: the file is none of verdicts any more.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        return read_verdicts(self.form, content, str(self.path))

    def say(self, names: Sequence[str], verdict: str | None) -> int:
        """Add a verdict, which wins over an earlier one on the same; None takes it back. How many there are then.

        Raises:
            ImageLakeError: the file is none of verdicts any more, or cannot be written.
        """
        key = self.form.key(names)
        try:
            with locked(self.path):
                verdicts = self.read()
                verdicts.pop(key, None)
                if verdict is not None:
                    verdicts[key] = verdict
                self._write(verdicts)
        except OSError as error:
            raise ImageLakeError(f"{self.path}: {os.strerror(error.errno or 0)}") from None
        return len(verdicts)

    def _write(self, verdicts: dict[tuple[str, str], str]) -> None:
        """Exchange the file; the caller holds the lock."""
        beside = self.path.with_name(f".{self.path.name}.new")
        with beside.open("wb") as file:
            file.write(written(self.form, verdicts))
            file.flush()
            os.fsync(file.fileno())
        beside.replace(self.path)
