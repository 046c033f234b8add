"""Tables published once more, or for the first time, as a job would, without a session."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]

from imagelake.lake.files import LocalFiles
from imagelake.lake.manifest import MANIFEST, Part
from imagelake.lake.parts import is_part, local_crc32c
from imagelake.lake.publication import Publication
from imagelake.lake.publication import publish as publish_run
from imagelake.lake.published import open_lake
from imagelake.lake.record import Run, read_record
from imagelake.tables import TABLES

TYPES = {
    "string": pa.string(),
    "double": pa.float64(),
    "bigint": pa.int64(),
    "int": pa.int32(),
    "boolean": pa.bool_(),
    "array<string>": pa.list_(pa.string()),
}


def publish(folder: Path, table: str, frame: pd.DataFrame | None, run_id: str) -> None:
    """A table as a job would publish it once more; the same rows where there is no frame."""
    files, known = LocalFiles(folder), open_lake(str(folder)).require(table)
    staged = Path(shutil.copytree(folder / table, folder / Run(known.job, run_id).staging / table))
    if frame is not None:
        for part in staged.glob("*.parquet"):
            part.unlink()
        frame.to_parquet(staged / f"part-{run_id}.parquet", index=False)
    _published(files, staged, replace(known, run_id=run_id))


def publish_rows(folder: Path, table: str, rows: Sequence[Mapping[str, Any]], run_id: str) -> None:
    """A table with the given rows, null where a cell is not given; it need not have been published before."""
    files, some = LocalFiles(folder), open_lake(str(folder)).require("images")
    columns = {column.name: column.type for column in TABLES[table].columns}
    schema = pa.schema([(name, TYPES[kind]) for name, kind in columns.items()])
    staged = folder / Run("plant", run_id).staging / table
    staged.mkdir(parents=True)
    cells = [{name: row.get(name) for name in columns} for row in rows]
    pq.write_table(pa.Table.from_pylist(cells, schema), staged / f"part-{run_id}.parquet")
    manifest = replace(some, name=table, job="plant", run_id=run_id, rows=len(rows), columns=columns, accounts=[])
    _published(files, staged, manifest)


def _published(files: LocalFiles, staged: Path, manifest: Any) -> None:
    found = [file for file in sorted(staged.iterdir()) if is_part(file.name)]
    parts = [Part(file.name, file.stat().st_size, local_crc32c(file)) for file in found]
    (staged / MANIFEST).write_text(replace(manifest, parts=parts).to_json())
    run = Run(manifest.job, manifest.run_id)
    assert publish_run(files, Publication(run, (manifest.name,), read_record(files).of([manifest.name])))
