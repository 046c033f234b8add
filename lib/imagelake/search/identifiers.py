"""Looking up one identifier among millions that lie in a mapped file.

Letters: N images.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa  # type: ignore[import-untyped]
    from numpy.typing import NDArray


def row_of(image_id: str, image_ids: pa.Array | pa.ChunkedArray, by_id: NDArray[np.integer]) -> int | None:
    """The row number of an image; None where it is not there. Reads about log2 N identifiers.

    Args:
        image_id: any text, even one that is not valid Unicode.
        image_ids: strings [N].
        by_id: [N], the row numbers in the order of the identifiers' bytes.
    """
    wanted, low, high = image_id.encode("utf-8", "replace"), 0, len(image_ids)
    while low < high:
        middle = (low + high) // 2
        row = int(by_id[middle])
        found = image_ids[row].as_py().encode()
        if found == wanted:
            return row
        low, high = (middle + 1, high) if found < wanted else (low, middle)
    return None
