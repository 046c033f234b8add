"""A resumable filter of the rows of a CSV stream of any size, with one chunk in memory.

The large files of Open Images start every record with the image's 16 hexadecimal digits and a comma, and quote with
double quotes; a quoted title may contain a line break. Hence a line that does not start like a record belongs to
the record before it, which holds even where a quote is missing.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

from imagelake.errors import ImageLakeError
from imagelake.net.part_files import note_of, read_json, write_json
from imagelake.net.transfer import Position

ID_BYTES = 16
_LABEL_COLUMNS = (b"ImageID", b"Source", b"LabelName", b"Confidence")
NOTE_EVERY_BYTES = 1 << 23
RECORD = re.compile(rb"[0-9a-f]{16},")


@dataclass(frozen=True)
class Rows:
    """Which rows to keep: ``keep`` decides by the first line of a record; the header starts with ``columns``."""

    columns: tuple[bytes, ...]
    keep: Callable[[bytes], bool]


def rows_of_images(image_ids: Container[bytes]) -> Rows:
    """Every row of some images, in any of the CSV files."""
    return Rows((b"ImageID",), lambda line: line[:ID_BYTES] in image_ids)


def rows_of_labels(mids: Container[bytes]) -> Rows:
    """The rows of confidence 1 of some classes, in a label or box file."""

    def keep(line: bytes) -> bool:
        fields = line.split(b",", 4)
        return len(fields) >= len(_LABEL_COLUMNS) and fields[2] in mids and _is_one(fields[3])

    return Rows(_LABEL_COLUMNS, keep)


def _is_one(confidence: bytes) -> bool:
    try:
        return float(confidence) == 1
    except ValueError:
        return False


class RowFilter:
    """A sink that writes the header and the wanted rows to ``part``, and renames it to ``target`` at the end.

    Args:
        source: where the bytes come from; a part taken from elsewhere is not continued.
        part: the unfinished file.
        target: the finished file.
        rows: which rows to keep.
    """

    def __init__(self, source: str, part: Path, target: Path, rows: Rows) -> None:
        self._source, self._part, self._target, self._rows = source, part, target, rows
        note = read_json(note_of(part))
        usable = note.get("source") == source and part.exists() and part.stat().st_size >= note["written"]
        self.position = Position(**note["position"]) if usable else Position()
        self._keeping, self._carry = bool(usable and note["keeping"]), b""
        self._header_read = self.position.offset > 0
        self._file = part.open("ab")
        self._file.truncate(note["written"] if usable else 0)
        self._next_note = self.position.offset + NOTE_EVERY_BYTES

    def restart(self) -> None:
        """Drop all bytes so far."""
        self._file.truncate(0)
        note_of(self._part).unlink(missing_ok=True)
        self.position, self._carry, self._keeping, self._header_read = Position(), b"", False, False
        self._next_note = NOTE_EVERY_BYTES

    def write(self, chunk: bytes) -> None:
        """Take the next bytes of the file.

        Raises:
            ImageLakeError: the first line is not the header that the file is published with.
        """
        *lines, self._carry = (self._carry + chunk).split(b"\n")
        self._take(lines)
        self.position.offset += len(chunk)
        if self.position.offset >= self._next_note:
            self._note()
            self._next_note = self.position.offset + NOTE_EVERY_BYTES

    def close(self) -> None:
        """Close the part, which a later run can continue from its last note."""
        self._file.close()

    def finish(self) -> None:
        """Take a last line without line break, and rename the part to ``target``."""
        self._take([self._carry] if self._carry else [])
        if not self._header_read:
            raise ImageLakeError(f"{self._source} is empty")
        self.close()
        self._part.replace(self._target)
        note_of(self._part).unlink(missing_ok=True)

    def _take(self, lines: list[bytes]) -> None:
        if lines and not self._header_read:
            self._take_header(lines.pop(0))
        kept = list(self._kept(lines))
        if kept:
            self._file.write(b"\n".join(kept) + b"\n")

    def _take_header(self, line: bytes) -> None:
        found = tuple(line.rstrip(b"\r").split(b","))
        if found[: len(self._rows.columns)] != self._rows.columns:
            expected = b",".join(self._rows.columns).decode()
            raise ImageLakeError(f"{self._source} starts with {line[:120]!r}, expected the columns {expected}")
        self._file.write(line + b"\n")
        self._header_read = True

    def _kept(self, lines: Iterable[bytes]) -> Iterable[bytes]:
        keep = self._rows.keep
        for line in lines:
            if keep(line):
                self._keeping = True
            elif self._keeping and RECORD.match(line):
                self._keeping = False
            if self._keeping:
                yield line

    def _note(self) -> None:
        """Note where a later run can continue: the last line break, and the length written up to it."""
        self._file.flush()
        at_line = Position(self.position.offset - len(self._carry), self.position.etag, self.position.total)
        values = {
            "source": self._source,
            "position": asdict(at_line),
            "written": self._part.stat().st_size,
            "keeping": self._keeping,
        }
        write_json(note_of(self._part), values)


def read_rows(file: Path, sink: RowFilter) -> None:
    """Filter a local file instead of a download."""
    with file.open("rb") as stream:
        stream.seek(sink.position.offset)
        while chunk := stream.read(1 << 20):
            sink.write(chunk)
