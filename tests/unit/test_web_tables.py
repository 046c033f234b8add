"""The best images of the pages: by the ranking, or by quality where that cannot tell them apart."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, cast

import pyarrow as pa  # type: ignore[import-untyped]
import pytest

from imagelake.lake.published import PublishedLake
from imagelake.web.tables import Tables


class Planted:
    """Two tables in batches of two rows."""

    def __init__(self, ppi: list[float], quality: list[float | None]) -> None:
        ids = [f"i{n}" for n in range(len(ppi))]
        rank = {"image_id": ids, "measure": ["ppi"] * len(ppi), "value": ppi, "rank": list(range(1, len(ppi) + 1))}
        self._tables: dict[str, dict[str, Any]] = {
            "image_rank": rank,
            "image_quality": {"image_id": ids, "quality": quality},
        }

    def manifest(self, name: str) -> object | None:
        """Anything for a table that is there."""
        return self if name in self._tables else None

    def batches(self, name: str, columns: Iterable[str]) -> Iterator[pa.RecordBatch]:
        """The columns of a table."""
        return iter(pa.table({column: self._tables[name][column] for column in columns}).to_batches(2))


@pytest.mark.parametrize(
    ("ppi", "quality", "expected"),
    [
        ([9.0, 8.0, 8.0, 7.0], [0.1, 0.2, 0.3, 0.9], [("i0", "ppi"), ("i1", "ppi"), ("i2", "ppi")]),
        ([8.0, 8.0, 8.0, 8.0], [0.5, None, 0.9, 0.5], [("i2", "quality"), ("i0", "quality"), ("i3", "quality")]),
        ([8.0, 8.0, 8.0], [None, None, None], [("i0", "ppi"), ("i1", "ppi"), ("i2", "ppi")]),
    ],
)
def test_equal_images_are_ranked_by_quality(
    ppi: list[float], quality: list[float | None], expected: list[tuple[str, str]]
) -> None:
    """Only where the first ones all have the same value, and quality is known; ties by name, ranks from 1."""
    best = Tables(cast("PublishedLake", Planted(ppi, quality))).best(3)
    assert [(row["image_id"], row["measure"]) for row in best] == expected
    assert [row["rank"] for row in best] == [1, 2, 3]
