"""usearch: a graph over vectors of half precision, memory-mapped when it answers."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from usearch.index import Index

AT_ONCE, NEAREST = 20_000, 10
EFFORTS: dict[str, list[Any]] = {"hnsw": [64, 128, 256, 512]}


def build(vectors: np.ndarray, folder: Path, _: str) -> None:
    index = Index(ndim=vectors.shape[1], metric="ip", dtype="f16")
    for start in range(0, len(vectors), AT_ONCE):
        part = np.ascontiguousarray(vectors[start : start + AT_ONCE])
        index.add(np.arange(start, start + len(part)), part, threads=len(os.sched_getaffinity(0)))
    index.save(str(folder / "index.usearch"))


def opened(folder: Path, _: str) -> Callable[[np.ndarray, Any], np.ndarray]:
    index = Index.restore(str(folder / "index.usearch"), view=True)

    def search(query: np.ndarray, effort: int) -> np.ndarray:
        index.expansion_search = effort
        found: np.ndarray = index.search(query.astype(np.float16), NEAREST, threads=1).keys
        return found

    return search
