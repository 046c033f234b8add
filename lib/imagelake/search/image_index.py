"""An opened image index: nearest images by cosine, with filters that lose no answer.

Letters: Q queries, N images, D features, k answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from imagelake.errors import ImageLakeError
from imagelake.search.codes import Codes
from imagelake.search.description import IndexDescription
from imagelake.search.identifiers import row_of
from imagelake.search.order import nearest_first
from imagelake.search.quantizer import Quantizer
from imagelake.search.routing import SCANNED_EXACTLY
from imagelake.search.scan import HALF, nearest, nearest_of_rows
from imagelake.search.serving_folder import ServingFiles

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from imagelake.search.parameters import IndexParameters


@dataclass(frozen=True)
class Effort:
    """How hard one search tries: cells looked into, and candidates compared exactly."""

    probes: int
    rerank: int


@dataclass(frozen=True)
class Answers:
    """The nearest images of Q queries, best first, equally near ones by image_id.

    Rows are int64 [Q, k], -1 where there are fewer; cosines float32 [Q, k], minus infinity there.
    """

    rows: NDArray[np.int64]
    cosines: NDArray[np.float32]


class ImageIndex:
    """A serving folder, opened. Codes are in memory; exact features and identifiers are memory-mapped.

    Threads may search the same index at once.

    Attributes:
        description: which features it was built from, and its sizes.
        image_ids: pyarrow large_string [N]; answers are row numbers in it.
    """

    def __init__(self, folder: Path) -> None:
        files = ServingFiles(folder)
        if not files.description.is_file():
            raise ImageLakeError(f"{folder} is no serving folder of an image index: it has no {files.description.name}")
        self.description = IndexDescription.from_json(files.description.read_text(encoding="utf-8"))
        with pa.memory_map(str(files.image_ids)) as source:
            self.image_ids = pa.ipc.open_file(source).get_batch(0).column(0)
        self._by_id = np.load(files.by_id, mmap_mode="r")
        self._vectors = _mapped(files.vectors, HALF, len(self.image_ids), self.dimension)
        self._codes = None if self.parameters.is_exact else _opened_codes(files, self.description, len(self))

    @classmethod
    def open(cls, folder: Path) -> ImageIndex:
        """Open the folder that `write_serving_folder` made.

        Raises:
            ImageLakeError: it is none, or of another version.
        """
        return cls(folder)

    def __len__(self) -> int:
        """N, the number of images."""
        return len(self.image_ids)

    @property
    def dimension(self) -> int:
        """D, features of an image."""
        return self.description.dimension

    @property
    def model_id(self) -> str:
        """Names the features that the index was built from."""
        return self.description.model_id

    @property
    def parameters(self) -> IndexParameters:
        """The sizes of the index."""
        return self.description.parameters

    def vector(self, row: int) -> NDArray[np.float32]:
        """The features of an image, float32 [D], as exact as half precision keeps them."""
        return np.asarray(self._vectors[row], np.float32)

    def row_of(self, image_id: str) -> int | None:
        """The row of an image; None where the index does not hold it."""
        return row_of(image_id, self.image_ids, self._by_id)

    def search(
        self,
        queries: NDArray[np.float32],
        k: int,
        allowed: NDArray[np.bool_] | None = None,
        effort: Effort | None = None,
    ) -> Answers:
        """The k nearest images of each query.

        With a filter, cells are looked into until they hold as many allowed images as they would hold images without
        one; where few are allowed they are compared one by one. So a query has fewer than k answers only where fewer
        images are allowed.

        Args:
            queries: float32 [Q, D], rows of unit length.
            k: answers for each.
            allowed: bool [N], the rows that may be answers; None for all.
            effort: None for the index's own.

        Raises:
            ImageLakeError: the queries have another number of features, or the filter another length.
        """
        self._check(queries, allowed)
        queries = np.ascontiguousarray(queries, np.float32)
        few = allowed is not None and np.count_nonzero(allowed) <= SCANNED_EXACTLY
        if self._codes is None or few:
            rows = np.arange(len(self)) if allowed is None else np.flatnonzero(allowed)
            found, _ = nearest_of_rows(queries, self._vectors, rows, k)
            return self._compared(queries, found, k)
        effort = effort or Effort(self.parameters.probes, self.parameters.rerank)
        candidates = self._codes.candidates(queries, effort.probes, max(effort.rerank, k), allowed)
        return self._compared(queries, candidates, k)

    def _check(self, queries: NDArray[np.float32], allowed: NDArray[np.bool_] | None) -> None:
        if queries.ndim != 2 or queries.shape[1] != self.dimension:
            raise ImageLakeError(
                f"expected queries of {self.dimension} features, as {self.model_id} gives them, "
                f"found an array {list(queries.shape)}"
            )
        if allowed is not None and allowed.shape != (len(self),):
            raise ImageLakeError(f"expected a filter of {len(self)} rows, found an array {list(allowed.shape)}")

    def _compared(self, queries: NDArray[np.float32], candidates: NDArray[np.int64], k: int) -> Answers:
        """The best of each query's candidates int64 [Q, R], -1 where there are fewer, by their exact features."""
        rows = np.full((len(queries), k), -1, np.int64)
        cosines = np.full((len(queries), k), -np.inf, np.float32)
        for query, own in enumerate(candidates):
            in_order_of_the_file = np.sort(own[own >= 0])
            found, exact = nearest(queries[query : query + 1], self._vectors, in_order_of_the_file, k)
            best = nearest_first(self._ids(found[0]), exact[0])
            rows[query, : len(best)], cosines[query, : len(best)] = found[0][best], exact[0][best]
        return Answers(rows, cosines)

    def _ids(self, rows: NDArray[np.int64]) -> NDArray[np.str_]:
        return np.array(self.image_ids.take(pa.array(rows)).to_pylist(), str)


def _opened_codes(files: ServingFiles, description: IndexDescription, rows: int) -> Codes:
    codes = _mapped(files.codes, np.dtype(np.uint8), rows, description.parameters.code_bytes)
    return Codes(Quantizer(files.quantizer.read_bytes()), np.load(files.starts), codes)


def _mapped(file: Path, dtype: np.dtype[Any], rows: int, width: int) -> NDArray[Any]:
    """A file of rows, memory-mapped: [rows, width]. An empty file cannot be mapped, and is an empty array."""
    if not rows:
        return np.empty((0, width), dtype)
    return np.memmap(file, dtype, mode="r", shape=(rows, width))
