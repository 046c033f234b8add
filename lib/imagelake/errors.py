"""The one error that ends a job with a message for its user and no stack trace."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

LISTED = 100  # names in an error: more than any setting has choices


class ImageLakeError(Exception):
    """An error that a user can correct: the message names the file, the value and the valid values."""


def unknown_choice(what: str, value: str, choices: Iterable[str]) -> ImageLakeError:
    """The error for a name that is none of the known ones; the nearest is suggested, all are listed where few are."""
    known = sorted(choices)
    near = difflib.get_close_matches(value, known, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    listed = ", ".join(known[:LISTED]) + (f" and {len(known) - LISTED:,} more" if len(known) > LISTED else "")
    return ImageLakeError(f"unknown {what} {value!r}.{hint} Known: {listed}")
