"""Nearest rows by comparing every one of them.

Letters: Q queries, N rows, D features, k answers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

HALF = np.dtype("<f2")
ROWS_AT_ONCE = 8_192  # of 1,024 features in half precision: 16 MB


def nearest(
    queries: NDArray[np.float32], vectors: NDArray[np.float16], rows: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k of the given rows with the highest cosine to each query, best first.

    FAISS multiplies half precision as it is; numpy would first convert it, one number at a time, at twice the time. The
    rows are gathered right into FAISS's memory: another copy would double the time of a query's few hundred.

    Args:
        queries: float32 [Q, D], rows of unit length.
        vectors: float16, rows of unit length and D features.
        rows: int64 [N], which of them are compared.
        k: answers for each query.

    Returns:
        Row numbers int64 [Q, min(k, N)] and cosines float32 of the same shape, -1 to 1. A row's cosine does not depend
        on the rows beside it, as the last digits of a matrix product do: copies of an image are equally similar, and
        every way to find an image gives the same number.
    """
    import faiss

    if not rows.size:
        return np.empty((len(queries), 0), np.int64), np.empty((len(queries), 0), np.float32)
    shape = (len(rows), vectors.shape[1])
    scanned = faiss.IndexScalarQuantizer(shape[1], faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    scanned.is_trained = True  # half precision has nothing to learn
    scanned.codes.resize(HALF.itemsize * shape[0] * shape[1])
    scanned.ntotal = shape[0]
    gathered = faiss.rev_swig_ptr(scanned.codes.data(), scanned.codes.size()).view(HALF).reshape(shape)
    np.take(vectors, rows, axis=0, out=gathered, mode="clip")  # the mode that writes there without a buffer between
    cosines, taken = scanned.search(queries, min(k, len(rows)))
    return rows[taken], np.clip(cosines, -1, 1)  # half precision leaves some vectors a little longer than 1


def exact_cosines(query: NDArray[np.float32], vectors: NDArray[np.float16]) -> NDArray[np.float32]:
    """The cosines float32 [N] of a query float32 [D] and of rows float16 [N, D], as `nearest` has them."""
    rows, found = nearest(query[np.newaxis], vectors, np.arange(len(vectors)), len(vectors))
    cosines = np.empty(len(vectors), np.float32)
    cosines[rows[0]] = found[0]
    return cosines


def nearest_of_rows(
    queries: NDArray[np.float32], vectors: NDArray[np.float16], rows: NDArray[np.int64], k: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The k of the given rows with the highest cosine to each query.

    Args:
        queries: float32 [Q, D], rows of unit length.
        vectors: float16, every row that there is, of unit length and D features; read a few thousand at a time.
        rows: int64 [N], ascending: which of them are compared.
        k: answers for each query.

    Returns:
        Row numbers int64 [Q, k], -1 where there are fewer, and cosines float32 [Q, k], minus infinity there.
    """
    best_rows = np.full((len(queries), k), -1, np.int64)
    best_cosines = np.full((len(queries), k), -np.inf, np.float32)
    for start in range(0, len(rows), ROWS_AT_ONCE):
        part = rows[start : start + ROWS_AT_ONCE]
        found, cosines = nearest(queries, vectors, part, k)
        all_rows = np.concatenate([best_rows, found], axis=1)
        all_cosines = np.concatenate([best_cosines, cosines], axis=1)
        best = np.argsort(-all_cosines, axis=1, kind="stable")[:, :k]
        best_rows = np.take_along_axis(all_rows, best, axis=1)
        best_cosines = np.take_along_axis(all_cosines, best, axis=1)
    return best_rows, best_cosines
