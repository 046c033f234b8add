"""The predictions of the lake's own images."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from imagelake.errors import ImageLakeError
from imagelake.search.query import TOP_CLASSES

if TYPE_CHECKING:
    from collections.abc import Collection

    from numpy.typing import NDArray

    from imagelake.lake.published import PublishedLake
    from imagelake.serving.catalogue import Catalogue


class LakePredictions:
    """The best classes of every image with their scores: 40 bytes an image."""

    def __init__(self, lake: PublishedLake, catalogue: Catalogue, classes: tuple[str, ...]) -> None:
        """Read the predictions.

        Args:
            lake: the published tables.
            catalogue: the images.
            classes: the names of the classes, by index.

        Raises:
            ImageLakeError: the first images were predicted to be of other classes.
        """
        self._names = classes
        self._classes = np.full((len(catalogue), TOP_CLASSES), -1, np.int32)
        self._scores = np.zeros((len(catalogue), TOP_CLASSES), np.float32)
        every_row = catalogue.rows_of(lake.read("predictions", ("image_id",))["image_id"])
        start = 0
        self._require_names(lake)
        for batch in lake.batches("predictions", ("top_classes", "top_scores")):
            rows = every_row[start : start + batch.num_rows]
            start += batch.num_rows
            self._note(batch, rows)

    def _require_names(self, lake: PublishedLake) -> None:
        """See that classes are called as they were: a head of the same name may have been trained on other labels."""
        first = next(lake.batches("predictions", ("top_classes", "top_names")), None)
        if first is None:
            return
        said = zip(first["top_classes"].flatten().to_pylist(), first["top_names"].flatten().to_pylist(), strict=True)
        for index, name in said:
            if index >= len(self._names) or self._names[index] != name:
                raise ImageLakeError(
                    f"the images of {lake.root} were predicted to be {name!r} by a network or head that has been "
                    "replaced since: run predict_images again"
                )

    def _note(self, batch: pa.RecordBatch, rows: NDArray[np.int64]) -> None:
        scored = batch["top_classes"].is_valid().to_numpy(zero_copy_only=False) & (rows >= 0)
        if not scored.any():
            return
        for column, values in (("top_classes", self._classes), ("top_scores", self._scores)):
            # A network of fewer classes has fewer best ones.
            found = batch[column].filter(scored).flatten().to_numpy().reshape(np.count_nonzero(scored), -1)
            values[rows[scored], : min(found.shape[1], TOP_CLASSES)] = found[:, :TOP_CLASSES]

    def of(self, row: int) -> tuple[tuple[str, float], ...]:
        """The best classes of an image by name, best first; none where it could not be decoded."""
        pairs = zip(self._classes[row], self._scores[row], strict=True)
        return tuple((self._names[index], float(score)) for index, score in pairs if index >= 0)

    def best_scores(self, classes: Collection[str]) -> NDArray[np.float32]:
        """The highest score that each image has for any of some classes among its best ones, else 0: float32 [N]."""
        wanted = np.array([*(name in classes for name in self._names), False])  # the last stands for -1, no class
        return np.asarray(np.where(wanted[self._classes], self._scores, np.float32(0)).max(axis=1))
