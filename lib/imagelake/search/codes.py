"""The codes of all images in memory, and the candidates that they give for a query.

Letters: Q queries, N images, D features, C cells, M bytes of a code, R candidates.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from imagelake.search.routing import enough_cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.search.quantizer import Quantizer


class Codes:
    """A filled index; its rows are those of the serving folder, in the order of their cells."""

    def __init__(self, quantizer: Quantizer, starts: NDArray[np.int64], codes: NDArray[np.uint8]) -> None:
        """Copy codes into memory.

        Args:
            quantizer: the one that the codes are of.
            starts: int64 [C + 1], the first row of each cell, and N.
            codes: uint8 [N, M].
        """
        self._index, self._starts = quantizer.filled(starts, codes), starts

    def candidates(
        self, queries: NDArray[np.float32], probes: int, count: int, allowed: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        """Rows that their codes put nearest to each query: int64 [Q, R], -1 where there are fewer.

        Args:
            queries: float32 [Q, D], rows of unit length.
            probes: cells looked into; with a filter, as many as together hold so many cells' worth of allowed rows.
            count: R.
            allowed: bool [N]; None for all rows.
        """
        import faiss

        if allowed is None:
            parameters = faiss.SearchParametersIVF(nprobe=min(probes, self._index.nlist))
            return np.asarray(self._index.search(queries, count, params=parameters)[1])
        bitmap = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        cells, nearness = self._route(queries, probes, allowed)
        parameters = faiss.SearchParametersIVF(nprobe=cells.shape[1], sel=bitmap)
        rows, products = np.empty((len(queries), count), np.int64), np.empty((len(queries), count), np.float32)
        # The method of Python's own search_preassigned takes no filter; this is the one below it.
        given = (faiss.swig_ptr(array) for array in (cells, nearness, products, rows))
        self._index.search_preassigned_c(len(queries), faiss.swig_ptr(queries), count, *given, False, parameters)
        return rows

    def _route(
        self, queries: NDArray[np.float32], probes: int, allowed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Cells of each query, nearest first and -1 where it does not look, and their nearness."""
        nearness, cells = self._index.quantizer.search(queries, self._index.nlist)
        sums = np.concatenate([[0], np.cumsum(allowed)])
        wanted = probes * len(allowed) / self._index.nlist
        cells[~enough_cells(cells, np.diff(sums[self._starts]), wanted)] = -1
        return cells, nearness
