"""Unfinished downloads on disk: a ``.part`` file beside a note that says which version of the file it is a part of.

A process may be killed at any moment: a part is appended to, never rewritten, and becomes the finished file by one
rename, so that a file under its own name is always whole.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from imagelake.open_images.transfer import Position


def write_json(path: Path, values: dict[str, Any]) -> None:
    """Replace a small JSON file in one step: a reader finds the old one or the new one, never half of it."""
    staged = path.with_name(path.name + ".tmp")
    staged.write_text(json.dumps(values, indent=1, ensure_ascii=False), encoding="utf-8")
    staged.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; an empty one where the file is missing or no JSON object."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def note_of(part: Path) -> Path:
    """Where the note about a part stands."""
    return part.with_name(part.name + ".note")


class WholeFile:
    """A sink that keeps the file as it comes."""

    def __init__(self, part: Path, target: Path) -> None:
        self._part, self._target = part, target
        note = read_json(note_of(part))
        done = part.stat().st_size if part.exists() and note else 0
        self.position = Position(done, note.get("etag"), note.get("total")) if done else Position()
        self._file = part.open("ab", buffering=0)
        self._file.truncate(done)

    def restart(self) -> None:
        """Drop what has come so far."""
        self._file.truncate(0)
        self.position = Position()

    def write(self, chunk: bytes) -> None:
        """Append the next bytes, after noting at the first of them what they belong to."""
        if not self.position.offset:
            write_json(note_of(self._part), {"etag": self.position.etag, "total": self.position.total})
        self._file.write(chunk)
        self.position.offset += len(chunk)

    def close(self) -> None:
        """Leave the part for a later run to continue."""
        self._file.close()

    def finish(self) -> None:
        """Give the whole file its name."""
        self.close()
        self._part.replace(self._target)
        note_of(self._part).unlink(missing_ok=True)
