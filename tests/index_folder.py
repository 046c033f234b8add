"""Serving folders of image indexes from arrays, for tests that need no lake."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]

from imagelake.search.description import IndexDescription
from imagelake.search.image_index import ImageIndex
from imagelake.search.index_files import TrainedIndex
from imagelake.search.parameters import IndexParameters, training_rows
from imagelake.search.quantizer import Quantizer
from imagelake.search.serving_folder import write_serving_folder

MODEL = "mobilenet_v1 1 at 224 px, crop"


def ids_of(count: int) -> list[str]:
    """image-000000 and so on."""
    return [f"image-{number:06}" for number in range(count)]


def batches_of(vectors: np.ndarray, ids: list[str], quantizer: Quantizer, rows: int = 1000) -> Iterator[pa.RecordBatch]:
    """Rows of the table image_index in the order of their cells."""
    assigned = quantizer.assign(vectors)
    order = np.argsort(assigned.cells, kind="stable")
    for start in range(0, len(order), rows):
        part = order[start : start + rows]
        yield pa.record_batch(
            {
                "cell": pa.array(assigned.cells[part]),
                "image_id": [ids[row] for row in part],
                "code": [code.tobytes() for code in assigned.codes[part]],
                "features": [vector.astype("<f2").tobytes() for vector in vectors[part]],
            },
            pa.schema({"cell": pa.int32(), "image_id": pa.string(), "code": pa.binary(), "features": pa.binary()}),
        )


def built(vectors: np.ndarray, folder: Path, parameters: IndexParameters, ids: list[str] | None = None) -> ImageIndex:
    """An index of some vectors [N, D], trained on them, opened."""
    sample = vectors[: training_rows(len(vectors), parameters)]
    quantizer = Quantizer.train(sample, parameters)
    description = IndexDescription(MODEL, vectors.shape[1], parameters, len(vectors), len(sample))
    batches = batches_of(vectors, ids or ids_of(len(vectors)), quantizer)
    write_serving_folder(batches, TrainedIndex(description, quantizer.to_bytes()), folder)
    return ImageIndex.open(folder)


def numbers_of(index: ImageIndex) -> np.ndarray:
    """For each row of an index of `ids_of` images, the image's number."""
    return np.array([int(name[-6:]) for name in index.image_ids.to_pylist()], dtype=int)


def brute_force(vectors: np.ndarray, queries: np.ndarray, k: int, allowed: np.ndarray | None = None) -> np.ndarray:
    """The numbers [Q, k] of the nearest allowed vectors."""
    cosines = queries @ vectors.T
    if allowed is not None:
        cosines[:, ~allowed] = -np.inf
    return np.argsort(-cosines, axis=1, kind="stable")[:, :k]


def recall(index: ImageIndex, rows: np.ndarray, expected: np.ndarray) -> float:
    """The share of the expected numbers among the answers."""
    numbers = numbers_of(index)
    pairs = zip(rows, expected, strict=True)
    return float(np.mean([len({*numbers[own[own >= 0]]} & {*best}) / len(best) for own, best in pairs]))
