"""The bytes of single images out of the packed table: one row group is read, never a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagelake.errors import ImageLakeError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.lake.published import PublishedLake
    from imagelake.serving.catalogue import Catalogue

_TABLE = "image_bytes"


class Originals:
    """Where the bytes of each image lie: file, row group and row in it, found once from the column of identifiers."""

    def __init__(self, lake: PublishedLake, catalogue: Catalogue) -> None:
        rows = catalogue.rows_of(lake.read(_TABLE, ("image_id",))["image_id"])
        self._lake, self._parts = lake, lake.parts(_TABLE)
        # Part, row group and row of each image [N, 3]; -1 for one without bytes.
        self._positions = np.full((len(catalogue), 3), -1, np.int32)
        self._positions[rows[rows >= 0]] = self._all_positions()[rows >= 0]

    def _all_positions(self) -> NDArray[np.int32]:
        """Part, row group and row of every row of the table, in its order."""
        found = [np.empty((0, 3), np.int32)]
        for number, part in enumerate(self._parts):
            with self._lake.opened(part) as file:
                sizes = [file.metadata.row_group(group).num_rows for group in range(file.num_row_groups)]
            for group, size in enumerate(sizes):
                positions = np.empty((size, 3), np.int32)
                positions[:, 0], positions[:, 1], positions[:, 2] = number, group, np.arange(size)
                found.append(positions)
        return np.concatenate(found)

    def __len__(self) -> int:
        """Images with bytes."""
        return int(np.count_nonzero(self._positions[:, 0] >= 0))

    def read(self, row: int) -> bytes | None:
        """The file of an image; None where the lake has none.

        Args:
            row: of the catalogue.

        Raises:
            ImageLakeError: the table has been published anew since this process began.
        """
        number, group, row_in_group = map(int, self._positions[row])
        if number < 0:
            return None
        try:
            with self._lake.opened(self._parts[number]) as file:
                content = file.read_row_group(group, ["content"])["content"][row_in_group].as_py()
        except (OSError, IndexError) as error:
            raise ImageLakeError(f"{self._lake.root}/{self._parts[number]}: {error}; start the server again") from None
        return None if content is None else bytes(content)
