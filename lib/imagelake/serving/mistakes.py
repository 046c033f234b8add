"""The images of a label whose best class does not count as it, the surest mistakes first."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from imagelake.lake.published import PublishedLake
    from imagelake.serving.catalogue import Catalogue

_TABLE = "mistakes"
_COLUMNS = ("image_id", "label", "predicted", "score", "same_branch")
_LABELS_KEPT = 32


@dataclass(frozen=True)
class Mistake:
    """An image of the lake by its row number, what was predicted instead of its label, and the score."""

    row: int
    predicted: str
    score: float


class Mistakes:
    """The table mistakes by label: scanned when a label is looked at, and kept for the latest labels."""

    def __init__(self, lake: PublishedLake, catalogue: Catalogue) -> None:
        self._lake, self._catalogue = lake, catalogue
        self.known = lake.manifest(_TABLE) is not None
        self.of = lru_cache(_LABELS_KEPT)(self._of)

    def _of(self, label: str) -> tuple[Mistake, ...]:
        """Those of a label; a prediction above or below it in the hierarchy is none."""
        if not self.known:
            return ()
        batches = self._lake.batches(_TABLE, _COLUMNS)
        found = [
            batch.filter(pc.and_(pc.equal(batch["label"], label), pc.invert(batch["same_branch"]))) for batch in batches
        ]
        table = pa.Table.from_batches(found) if found else None
        if table is None or not table.num_rows:
            return ()
        rows = self._catalogue.rows_of(table["image_id"])
        order = np.lexsort((rows, -table["score"].to_numpy()))
        predicted, scores = table["predicted"].to_pylist(), table["score"].to_pylist()
        return tuple(Mistake(int(rows[n]), predicted[n], scores[n]) for n in order if rows[n] >= 0)
