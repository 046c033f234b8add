"""The inputs of all contestants: vectors, queries, the true ten nearest, and the predictions table."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from made_vectors import PER_CLUSTER, made_vectors

from imagelake.search.scan import nearest_of_rows

DIMENSION, QUERIES, NEAREST = 1_024, 500, 10
FILES = 16


def prepare(folder: Path, rows: int) -> None:
    """Make the folder, once."""
    if (folder / "truth.npy").exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    vectors = np.lib.format.open_memmap(folder / "vectors.npy", "w+", np.float16, (rows, DIMENSION))
    write_predictions(folder / "predictions", vectors)
    vectors.flush()
    queries = np.concatenate(list(made_vectors(QUERIES, DIMENSION, 2, rows // PER_CLUSTER)))
    np.save(folder / "queries.npy", queries)
    truth, _ = nearest_of_rows(queries, vectors, np.arange(rows), NEAREST)
    np.save(folder / "truth.npy", truth)


def write_predictions(table: Path, vectors: np.ndarray) -> None:
    """Make the vectors, in half precision as all contestants get them, and write them as the table predictions."""
    table.mkdir(exist_ok=True)
    start, writer, per_file = 0, None, -(-len(vectors) // FILES)
    for batch in made_vectors(len(vectors), DIMENSION, 1, len(vectors) // PER_CLUSTER):
        halves = batch.astype(np.float16)
        vectors[start : start + len(batch)] = halves
        rows = pa.table(
            {
                "image_id": [f"{number:016x}" for number in range(start, start + len(batch))],
                "features": pa.FixedSizeListArray.from_arrays(halves.astype(np.float32).ravel(), DIMENSION).cast(
                    pa.list_(pa.float32())
                ),
                "error": pa.nulls(len(batch), pa.string()),
            }
        )
        if writer is None or start // per_file != (start + len(batch)) // per_file:
            if writer is not None:
                writer.close()
            file = table / f"part-{start // per_file:03}-{start}.parquet"
            writer = pq.ParquetWriter(file, rows.schema, use_dictionary=False)
        writer.write_table(rows, row_group_size=8_192)
        start += len(batch)
    if writer is not None:
        writer.close()
