"""FAISS alone, all in memory: a flat scan, the same type of index as ours with the same sizes, and a graph."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np

from imagelake.search.parameters import IndexOverrides, choose_parameters, training_rows
from imagelake.search.quantizer import CODE_BITS, KMEANS_ITERATIONS, PARTS_PER_BYTE

AT_ONCE, NEAREST = 20_000, 10
IVFPQ = ("ivfpq", "ivfpq_as_ours")
EFFORTS: dict[str, list[Any]] = {
    "flat": [None],
    **{variant: ["the rule's"] for variant in IVFPQ},
    "hnsw": [64, 128, 256, 512],
}


def build(vectors: np.ndarray, folder: Path, variant: str) -> None:
    rows, dimension = vectors.shape
    if variant in IVFPQ:
        index: Any = ivfpq(vectors, variant)
    elif variant == "hnsw":
        index = faiss.IndexHNSWSQ(dimension, faiss.ScalarQuantizer.QT_fp16, 32, faiss.METRIC_INNER_PRODUCT)
        index.train(vectors[:1].astype(np.float32))
    else:
        index = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
        index.train(vectors[:1].astype(np.float32))
    for start in range(0, rows, AT_ONCE):
        index.add(vectors[start : start + AT_ONCE].astype(np.float32))
    faiss.write_index(index, str(folder / "index.faiss"))


def ivfpq(vectors: np.ndarray, variant: str) -> Any:
    """Cells and codes as ours, and exact vectors in half precision beside them.

    As ours it learns from as many vectors in as many iterations; otherwise as FAISS does by itself, from so many as its
    k-means takes of all.
    """
    rows, dimension = vectors.shape
    sizes = choose_parameters(rows, dimension, IndexOverrides(exact_below=0))
    centroids = faiss.IndexFlatIP(dimension)
    codes = faiss.IndexIVFPQFastScan(
        centroids, dimension, sizes.cells, PARTS_PER_BYTE * sizes.code_bytes, CODE_BITS, faiss.METRIC_INNER_PRODUCT
    )
    wanted = min(rows, sizes.cells * codes.cp.max_points_per_centroid)
    if variant == "ivfpq_as_ours":
        wanted, codes.cp.niter = training_rows(rows, sizes), KMEANS_ITERATIONS
    exact = faiss.IndexScalarQuantizer(dimension, faiss.ScalarQuantizer.QT_fp16, faiss.METRIC_INNER_PRODUCT)
    index = faiss.IndexRefine(codes, exact)
    chosen = np.sort(np.random.default_rng(0).choice(rows, wanted, replace=False))
    index.train(vectors[chosen].astype(np.float32))
    return index


def opened(folder: Path, variant: str) -> Callable[[np.ndarray, Any], np.ndarray]:
    index = faiss.read_index(str(folder / "index.faiss"))

    def parameters(effort: Any) -> Any:
        if variant == "hnsw":
            return faiss.SearchParametersHNSW(efSearch=effort)
        if variant == "flat":
            return None
        sizes = choose_parameters(index.ntotal, index.d, IndexOverrides(exact_below=0))
        cells = faiss.SearchParametersIVF(nprobe=sizes.probes)
        return faiss.IndexRefineSearchParameters(k_factor=sizes.rerank / NEAREST, base_index_params=cells)

    return lambda query, effort: index.search(query[None], NEAREST, params=parameters(effort))[1][0]
