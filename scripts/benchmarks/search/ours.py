"""Ours: the job's index, built in Spark from the predictions table, and served from a local folder."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from peaks import Peaks

from imagelake.runtime.session import start_session
from imagelake.search.image_index import ImageIndex
from imagelake.search.parameters import IndexOverrides
from imagelake.search.serving_folder import write_serving_folder
from imagelake.tables import TABLES
from imagelake.transforms.search.image_index import INDEX_OPTIONS, in_order_of_cells, index_images, indexable
from imagelake.transforms.search.trained_index import train_index

EFFORTS: dict[str, list[Any]] = {variant: [None] for variant in ("1", "2")}


def build(vectors: np.ndarray, folder: Path, variant: str) -> dict[str, Any]:
    """Train, assign and write in Spark with as many task slots as the variant says; then the serving folder."""
    spark = start_session(
        "contest",
        {
            "spark.master": f"local[{variant}]",
            "spark.driver.memory": "2g",
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.local.dir": str(folder),
            "spark.sql.execution.arrow.maxRecordsPerBatch": "64",
        },
    )
    peaks = Peaks()
    images = indexable(spark.read.parquet(str(folder.parent / "predictions")))
    start = time.perf_counter()
    trained = train_index(images, len(vectors), vectors.shape[1], "made", IndexOverrides(exact_below=0))
    learnt = time.perf_counter()
    ordered = in_order_of_cells(index_images(images, trained.quantizer), len(vectors), trained.description)
    TABLES["image_index"].conform(ordered).write.mode("overwrite").options(**INDEX_OPTIONS).parquet(str(folder / "t"))
    assigned = time.perf_counter()
    files = sorted((folder / "t").glob("*.parquet"))
    columns = ["cell", "image_id", "code", "features"]
    rows = (batch for file in files for batch in pq.ParquetFile(file).iter_batches(columns=columns))
    write_serving_folder(rows, trained, folder / "serving")
    served = time.perf_counter()
    peaks.stop()
    spark.stop()
    return {
        "build_s": round(assigned - start, 1),
        "train_s": round(learnt - start, 1),
        "assign_s": round(assigned - learnt, 1),
        "serving_folder_s": round(served - assigned, 1),
        "peak_mib": peaks.mib,
    }


def opened(folder: Path, _: str) -> Callable[[np.ndarray, Any], np.ndarray]:
    index = ImageIndex.open(folder / "serving")
    numbers = np.array([int(name, 16) for name in index.image_ids.to_pylist()])
    return lambda query, effort: numbers[index.search(query[None], 10, effort=effort).rows[0]]
