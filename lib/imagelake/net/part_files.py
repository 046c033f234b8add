"""Unfinished downloads on disk: a ``.part`` file beside a note that says which version of the file it is a part of.

A part is only appended to and renamed when finished, so that a file under its own name is complete even if the process
is killed at any moment.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from imagelake.net.transfer import Position


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Replace a small JSON file in one step: a reader finds the complete old or new one."""
    staged = path.with_name(path.name + ".tmp")
    staged.write_text(json.dumps(values, indent=1, ensure_ascii=False), encoding="utf-8")
    staged.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where the file is missing or no JSON object."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError, RecursionError):
        return {}
    return values if isinstance(values, dict) else {}


def note_of(part: Path) -> Path:
    """The path of the note about a part."""
    return part.with_name(part.name + ".note")


class WholeFile:
    """A sink that writes all bytes of the file."""

    def __init__(self, part: Path, target: Path) -> None:
        self._part, self._target = part, target
        note = read_json(note_of(part))
        done = part.stat().st_size if part.exists() and note else 0
        self.position = Position(done, note.get("etag"), note.get("total")) if done else Position()
        self._file = part.open("ab", buffering=0)
        self._file.truncate(done)

    def restart(self) -> None:
        """Drop all bytes so far."""
        self._file.truncate(0)
        self.position = Position()

    def write(self, chunk: bytes) -> None:
        """Append the next bytes; before the first ones, write the note with the version of the file."""
        if not self.position.offset:
            write_json(note_of(self._part), {"etag": self.position.etag, "total": self.position.total})
        self._file.write(chunk)
        self.position.offset += len(chunk)

    def close(self) -> None:
        """Close the part, which a later run can continue."""
        self._file.close()

    def finish(self) -> None:
        """Give the whole file its name."""
        self.close()
        self._part.replace(self._target)
        note_of(self._part).unlink(missing_ok=True)
