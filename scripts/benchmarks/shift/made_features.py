"""Made features of two sets, as Parquet: ImageNet's sizes, with planted differences.

Letters: N images, D features.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from numpy.typing import NDArray

WIDTH, CLASSES = 1024, 1000
MOVED = tuple(range(100, 120))  # features that differ between the sets, by a fifth of a deviation
BY = 0.2
_ROWS = 16_384


def make_sets(folder: Path, rows: int, width: int = WIDTH) -> None:
    """Write before.parquet and after.parquet, unless they are there.

    Args:
        folder: where.
        rows: images of the set before; the one after has a fifth of them.
        width: D.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for name, count, moved in (("before", rows, 0.0), ("after", rows // 5, BY)):
        file = folder / f"{name}.parquet"
        if not file.exists():
            _write(file, count, width, moved)


def _write(file: Path, rows: int, width: int, moved: float) -> None:
    draw = np.random.default_rng(len(file.name))
    schema = pa.schema(
        {
            "image_id": pa.string(),
            "label": pa.int32(),
            "prediction": pa.int32(),
            "score": pa.float32(),
            "features": pa.list_(pa.float32()),
        }
    )
    # Random numbers are dear: rows are drawn from a block, each with an offset of its own. Both sets have one block, as
    # else its chance means would be true differences between them.
    block = np.random.default_rng(0).standard_normal((4096, width), np.float32)
    unfinished = file.with_suffix(".unfinished")
    with pq.ParquetWriter(unfinished, schema, compression="none", use_dictionary=False) as writer:
        for at in range(0, rows, _ROWS):
            count = min(_ROWS, rows - at)
            features = np.maximum(block[draw.integers(0, len(block), count)] + 0.5, 0)
            features[:, list(MOVED)] += np.float32(moved) * features.std()
            features += draw.standard_normal((count, 1), np.float32) * np.float32(0.05)
            writer.write_table(_table(features, at, draw, schema))
    unfinished.rename(file)


def _table(features: NDArray[np.float32], at: int, draw: np.random.Generator, schema: pa.Schema) -> pa.Table:
    count, width = features.shape
    labels = draw.integers(0, CLASSES, count).astype(np.int32)
    right = draw.uniform(size=count) < 0.76
    offsets = pa.array(np.arange(count + 1, dtype=np.int32) * np.int32(width))
    columns = [
        pa.array([f"image{number:08}" for number in range(at, at + count)]),
        pa.array(labels),
        pa.array(np.where(right, labels, (labels + 1) % CLASSES).astype(np.int32)),
        pa.array(np.where(right, 0.8, 0.5).astype(np.float32)),
        pa.ListArray.from_arrays(offsets, pa.array(features.ravel())),
    ]
    return pa.Table.from_arrays(columns, schema=schema)
