"""LanceDB: its IVF-PQ index on disk with codes as ours, its default number of cells, and exact re-ranking.

Its own codes, 64 parts of eight bits, and our number of cells each take it ten times as long to learn.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import lancedb
import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from imagelake.search.parameters import IndexOverrides, choose_parameters
from imagelake.search.quantizer import CODE_BITS, PARTS_PER_BYTE

AT_ONCE, NEAREST = 20_000, 10
EFFORTS: dict[str, list[Any]] = {"ivfpq": [(30, 20), (90, 50), (180, 50)]}


def build(vectors: np.ndarray, folder: Path, _: str) -> None:
    rows, dimension = vectors.shape
    schema = pa.schema({"row": pa.int64(), "vector": pa.list_(pa.float16(), dimension)})

    def batches() -> Iterator[pa.RecordBatch]:
        for start in range(0, rows, AT_ONCE):
            part = np.ascontiguousarray(vectors[start : start + AT_ONCE])
            values = pa.FixedSizeListArray.from_arrays(pa.array(part.ravel()), dimension)
            yield pa.record_batch([np.arange(start, start + len(part)), values], schema=schema)

    table = lancedb.connect(folder).create_table("vectors", batches(), schema=schema, mode="overwrite")
    sizes = choose_parameters(rows, dimension, IndexOverrides(exact_below=0))
    table.create_index(
        metric="cosine",
        index_type="IVF_PQ",
        num_sub_vectors=PARTS_PER_BYTE * sizes.code_bytes,
        num_bits=CODE_BITS,
    )


def opened(folder: Path, _: str) -> Callable[[np.ndarray, Any], np.ndarray]:
    table = lancedb.connect(folder).open_table("vectors")

    def search(query: np.ndarray, effort: tuple[int, int]) -> np.ndarray:
        asked = table.search(query).distance_type("cosine").nprobes(effort[0]).refine_factor(effort[1])
        found: np.ndarray = asked.select(["row", "_distance"]).limit(NEAREST).to_arrow()["row"].to_numpy()
        return found

    return search
