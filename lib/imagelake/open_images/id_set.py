"""Sets of Open Images ids (16 hexadecimal digits) that fit in memory by the million."""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Container, Iterable, Iterator
from pathlib import Path

import numpy as np

from imagelake.open_images.row_filter import ID_BYTES, RECORD


class IdSet(Container[bytes]):
    """A set of image ids, 8 bytes each: a tenth of what a set of strings takes."""

    def __init__(self, image_ids: Iterable[bytes]) -> None:
        numbers = np.fromiter((int(image_id, 16) for image_id in image_ids), dtype=np.uint64)
        self._numbers = array("Q", np.unique(numbers).tobytes())

    def __len__(self) -> int:
        return len(self._numbers)

    def __contains__(self, image_id: object) -> bool:
        try:
            number = int(image_id, 16) if isinstance(image_id, bytes) else -1
        except ValueError:
            return False
        position = bisect_left(self._numbers, number)
        return position < len(self._numbers) and self._numbers[position] == number


def ids_in(files: Iterable[Path]) -> Iterator[bytes]:
    """The image id of every record of CSV files, with repetitions."""
    for file in files:
        with file.open("rb") as stream:
            yield from (line[:ID_BYTES] for line in stream if RECORD.match(line))
