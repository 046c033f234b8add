"""Which files from outside the lake a manifest names one by one, with their checksums.

Text is: a line changed in a list of labels changes numbers, and nothing else would tell which list it was. So are files
that a setting names, such as weights. The images of a source are not; table images has a SHA-256 of each.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from imagelake.lake.listing import FoundFile, without_host
from imagelake.lake.manifest import Part
from imagelake.lake.parts import is_part
from imagelake.lake.staged_parts import checksums
from imagelake.lake.storage import Storage
from imagelake.transforms.ingest.raw_csv import CSV_ENDINGS

_TEXT_ENDINGS = (*CSV_ENDINGS, ".json")
_LIST_ENDINGS = (*_TEXT_ENDINGS, ".parquet")
_LINE_BYTES = 40  # of a list of labels, at least


@dataclass
class NamedSources:
    """Collects the files that a manifest names, while what a job reads is listed.

    Attributes:
        found: these files.
        rows: about so many rows are in all files: an image is one, and a list has as many as its size has room for.
    """

    found: list[FoundFile] = field(default_factory=list)
    rows: int = 0

    def of(self, address: str) -> Callable[[FoundFile], None]:
        """What is to be called with every file at an address."""

        def note(file: FoundFile) -> None:
            name = file.path.rpartition("/")[2]
            self.rows += file.size // _LINE_BYTES if name.lower().endswith(_LIST_ENDINGS) else 1
            named = without_host(file.path) == without_host(address)
            if file.problem is None and (named or (is_part(name) and name.lower().endswith(_TEXT_ENDINGS))):
                self.found.append(file)

        return note


def parts_of_sources(storage: Storage, files: list[FoundFile]) -> list[Part]:
    """The files by their addresses, with their checksums as they are now.

    Raises:
        ImageLakeError: one is gone, or cannot be read.
    """
    sums = checksums(storage, files)
    parts = {Part(file.path, file.size, crc) for file, crc in zip(files, sums, strict=True)}
    return sorted(parts, key=lambda part: part.name)
