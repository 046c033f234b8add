"""Which cells a query looks into where only some of the images may be answers.

Letters: Q queries, C cells.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

SCANNED_EXACTLY = 20_000  # so many images are compared in the time that the codes of a million take


def enough_cells(nearest: NDArray[np.integer], allowed_in: NDArray[np.integer], wanted: float) -> NDArray[np.bool_]:
    """Which of a query's cells to look into: the nearest until they hold the wanted number of allowed images.

    Without a filter a query looks into P of C cells, and so at about P / C of the images. With one it looks at as many
    allowed images, wherever they are, and at all of them where that is no more than are compared one by one.

    Args:
        nearest: [Q, C], every cell, nearest to the query first.
        allowed_in: [C], the allowed images of each cell.
        wanted: the images that the query would look at without a filter.

    Returns:
        bool [Q, C], in the order of `nearest`.
    """
    held = allowed_in[nearest]
    held_before = np.cumsum(held, axis=1) - held
    return np.asarray((held_before < max(wanted, SCANNED_EXACTLY)) & (held > 0))
