"""The map of a lake: where its images lie on a plane on which similar ones are near.

Letters: N images of the catalogue.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.lake.published import PublishedLake
    from imagelake.serving.catalogue import Catalogue

_TABLE = "image_map"
_MARGIN = 0.01  # of the points at each end lie outside the frame, so that a few far ones do not shrink all others


class ImageMap:
    """Points of images, float32 [N, 2], NaN where an image has none. Threads may share it."""

    def __init__(self, lake: PublishedLake, catalogue: Catalogue) -> None:
        self.points: NDArray[np.float32] = np.full((len(catalogue), 2), np.nan, np.float32)
        if lake.manifest(_TABLE) is None:
            return
        for batch in lake.batches(_TABLE, ("image_id", "x", "y")):
            rows = catalogue.rows_of(batch["image_id"])
            known = rows >= 0
            for axis, name in enumerate(("x", "y")):
                self.points[rows[known], axis] = batch[name].to_numpy(zero_copy_only=False)[known]

    def rows(self, most: int, allowed: NDArray[np.bool_] | None, order: NDArray[np.integer]) -> NDArray[np.int64]:
        """Images on the map, evenly far apart in an order where there are more than so many.

        Args:
            most: images.
            allowed: bool [N]; None for all.
            order: row numbers [N], e.g. by identifier.
        """
        there = ~np.isnan(self.points[:, 0]) if allowed is None else allowed & ~np.isnan(self.points[:, 0])
        rows = order[there[order]].astype(np.int64)
        steps = np.linspace(0, len(rows), min(most, len(rows)), endpoint=False)
        return np.asarray(rows[steps.astype(np.int64)])

    @cached_property
    def frame(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top of most of the points; a square of side 1 where there are none."""
        known = self.points[~np.isnan(self.points[:, 0])]
        if not len(known):
            return (0.0, 0.0, 1.0, 1.0)
        (left, bottom), (right, top) = np.quantile(known, [_MARGIN, 1 - _MARGIN], axis=0)
        return float(left), float(bottom), float(max(right, left + 1e-6)), float(max(top, bottom + 1e-6))
