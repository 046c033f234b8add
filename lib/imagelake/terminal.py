"""The user's terminal, which a job sees through the pipes of spark-submit as well."""

from __future__ import annotations

import os
import shutil
from typing import TextIO

COLUMNS = "IMAGELAKE_TERMINAL_COLUMNS"  # set for what is started from a terminal, its width


def columns_of(stream: TextIO) -> int | None:
    """The width of the terminal that a stream ends in; None where it ends in a file or a log."""
    if stream.isatty():
        return shutil.get_terminal_size().columns
    width = os.environ.get(COLUMNS, "")
    return int(width) if width.isdecimal() else None


def printable(text: str) -> str:
    r"""A text of unknown origin for a terminal: what would move its cursor or change its colours stands as ``\x1b``."""
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)
