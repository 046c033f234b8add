"""What is known of every image, on this machine's disk: memory-mapped, so that a lake of millions costs no memory.

Rows lie in the order of the table images; a row's number is the image's number in everything that the server holds.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from imagelake.serving.folder_lock import locked

if TYPE_CHECKING:
    from pathlib import Path

    from imagelake.lake.published import PublishedLake

COLUMNS = ("image_id", "split", "path", "format", "mode", "width", "height", "byte_size", "sha256", "title", "author",
           "author_profile", "license", "landing_url", "original_url", "error", "error_detail")  # fmt: skip
_ROWS = 65_536  # a batch: what is in memory while the file is written


class DetailsFile:
    """The table images as one file that is mapped into memory. Threads may share it."""

    def __init__(self, lake: PublishedLake, folder: Path) -> None:
        """Open the file of the lake's version of the table, and write it first where it is not there.

        Args:
            lake: with the table images.
            folder: of this machine; holds one file for each version, and loses other versions than the lake's.
        """
        columns = hashlib.sha256(" ".join(COLUMNS).encode()).hexdigest()[:8]
        current = folder / f"{lake.require('images').run_id}-{columns}.arrow"
        with locked(folder):
            if not current.is_file():
                shutil.rmtree(folder, ignore_errors=True)
                folder.mkdir(parents=True)
                _write(lake, current)
            self._reader = pa.ipc.open_file(pa.memory_map(str(current)))
        batches = [self._reader.get_batch(number) for number in range(self._reader.num_record_batches)]
        self._starts = np.concatenate([[0], np.cumsum([batch.num_rows for batch in batches])]).astype(np.int64)

    def __len__(self) -> int:
        """N, the number of images."""
        return int(self._starts[-1])

    def column(self, name: str) -> pa.ChunkedArray:
        """A column [N], mapped."""
        parts = [self._reader.get_batch(number)[name] for number in range(self._reader.num_record_batches)]
        return pa.chunked_array(parts, self._reader.schema.field(name).type)

    def rows(self, numbers: Iterable[int]) -> list[dict[str, Any]]:
        """Some rows, in the order of the given numbers."""
        found = []
        for number in numbers:
            part = int(np.searchsorted(self._starts, number, side="right")) - 1
            found += self._reader.get_batch(part).slice(int(number - self._starts[part]), 1).to_pylist()
        return found


def _write(lake: PublishedLake, file: Path) -> None:
    part = file.with_suffix(".part")
    writer = None
    with pa.OSFile(str(part), "wb") as sink:
        for batch in lake.batches("images", COLUMNS, _ROWS):
            writer = writer or pa.ipc.new_file(sink, batch.schema)
            writer.write_batch(batch)
        if writer is None:  # no image at all
            writer = pa.ipc.new_file(sink, lake.read("images", COLUMNS).schema)
        writer.close()
    part.rename(file)
