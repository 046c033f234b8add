"""The trained part of an image index: which cell an image lies in, and the code that stands for it there.

FAISS's inverted file with product quantisation, by inner product of unit vectors, without any image in it. The code is
of the residual, what the cell's centroid leaves over; the inner product of a query with both parts is a sum, so one
table of a query's inner products serves all cells. A part of a code has four bits, because the processor then looks up
32 of them in one instruction: with a million images of 1,024 features and 256 bytes each a query takes 4 ms, where
parts of eight bits take 40 for the same recall.

Letters: N images, D features, C cells, M bytes of a code, Q queries, P probes.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.search.parameters import IndexParameters

KMEANS_ITERATIONS = 8  # more change neither recall nor the sizes of cells by a percent
CODE_BITS = 4
PARTS_PER_BYTE = 2
CODES_AT_ONCE = 32  # that FAISS looks up together
SEED = 7


def faiss_version() -> str:
    """The version of the library that learns and assigns."""
    return version("faiss-cpu")


@dataclass(frozen=True)
class Assigned:
    """Where N images lie: cells int32 [N], codes uint8 [N, M]."""

    cells: NDArray[np.int32]
    codes: NDArray[np.uint8]


class Quantizer:
    """Assigns images to cells and codes, and routes queries to cells. An exact index has one cell and empty codes."""

    def __init__(self, trained: bytes) -> None:
        """Open what `to_bytes` gave; nothing at all for an exact index."""
        self._index = _deserialised(trained) if trained else None

    @classmethod
    def train(cls, sample: NDArray[np.float32], parameters: IndexParameters) -> Quantizer:
        """Learn centroids and codes from a sample float32 [N, D], rows of unit length."""
        import faiss

        made = cls(b"")
        if parameters.is_exact:
            return made
        dimension = sample.shape[1]
        centroids = faiss.IndexFlatIP(dimension)
        parts = PARTS_PER_BYTE * parameters.code_bytes
        index = faiss.IndexIVFPQ(centroids, dimension, parameters.cells, parts, CODE_BITS, faiss.METRIC_INNER_PRODUCT)
        index.cp.niter, index.cp.seed, index.cp.spherical = KMEANS_ITERATIONS, SEED, True
        # A lake just above the exact ones has fewer than the 39 rows a cell that FAISS would like to see.
        index.cp.min_points_per_centroid = index.pq.cp.min_points_per_centroid = 1
        index.train(np.ascontiguousarray(sample, np.float32))
        made._index = index
        return made

    def to_bytes(self) -> bytes:
        """The trained quantizer, to be kept or broadcast."""
        import faiss

        return b"" if self._index is None else faiss.serialize_index(self._index).tobytes()

    def assign(self, features: NDArray[np.float32]) -> Assigned:
        """The cells and codes of N images: float32 [N, D], rows of unit length."""
        if self._index is None:
            return Assigned(np.zeros(len(features), np.int32), np.empty((len(features), 0), np.uint8))
        # FAISS's standalone code is the cell, little-endian, and then the code within it.
        coded = self._index.sa_encode(np.ascontiguousarray(features, np.float32))
        width = coded.shape[1] - self._index.code_size
        cells = np.zeros((len(features), 4), np.uint8)
        cells[:, :width] = coded[:, :width]
        return Assigned(cells.view("<i4")[:, 0].astype(np.int32), coded[:, width:])

    def route(self, queries: NDArray[np.float32], probes: int) -> NDArray[np.int32]:
        """The P nearest cells of each query, nearest first: int32 [Q, min(P, C)]."""
        if self._index is None:
            return np.zeros((len(queries), 1), np.int32)
        _, cells = self._index.quantizer.search(queries, min(probes, self._index.nlist))
        return np.asarray(cells, np.int32)

    def filled(self, starts: NDArray[np.int64], codes: NDArray[np.uint8]) -> Any:
        """A FAISS index over images in the order of their cells; its identifiers are row numbers.

        Args:
            starts: int64 [C + 1], the first row of each cell, and N.
            codes: uint8 [N, M], copied into the index cell by cell.

        Returns:
            faiss.IndexIVFPQFastScan, apart from this quantizer's own index, which stays empty.
        """
        import faiss

        index: Any = _deserialised(self.to_bytes())
        lists = index.invlists
        for cell in range(index.nlist):
            rows = np.arange(starts[cell], starts[cell + 1])
            if len(rows):
                own = np.ascontiguousarray(codes[rows[0] : rows[-1] + 1])
                lists.add_entries(cell, len(rows), faiss.swig_ptr(rows), faiss.swig_ptr(own))
        index.ntotal = len(codes)
        scanned = faiss.IndexIVFPQFastScan(index, CODES_AT_ONCE)
        index.invlists.reset()  # it stays for its centroids, and needs no second copy of the codes
        return scanned


def _deserialised(trained: bytes) -> Any:
    import faiss

    return faiss.deserialize_index(np.frombuffer(trained, np.uint8))
