"""Files of the last run's table in which every row stays: on a local disk they are linked, not written again."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq  # type: ignore[import-untyped]
from pyspark.sql import functions as F

from imagelake.lake.inputs import LOCAL, is_local

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from imagelake.lake.manifest import Part
    from imagelake.transforms.rows.earlier_rows import Keys

LEAST_BYTES = (
    4 * 2**20
)  # smaller files are written together, so that a table of many runs is not one of many small files


def name_of_file() -> Column:
    """The name of the file that a row of a published table is read from."""
    return F.element_at(F.split("_metadata.file_path", "/"), -1)


def link_files(table: DataFrame, parts: Sequence[Part], gone: Keys, folders: tuple[str, str]) -> list[str]:
    """Link those files of a table whose rows all stay; their names. None where the lake is not on a local disk.

    HDFS has no links; and a copy made there by the driver would be slower than rows that all executors write.

    Args:
        table: published, with the key's columns.
        parts: its files.
        gone: keys of the rows that do not stay.
        folders: the addresses of the published table and of the staged one, which exists.
    """
    if not all(map(is_local, folders)):
        return []
    source, target = (Path(folder.removeprefix(LOCAL)) for folder in folders)
    large = [part.name for part in parts if part.bytes >= LEAST_BYTES and "/" not in part.name]
    if large and gone.count:
        touched = {file.rpartition("/")[2] for file in gone.files_of_table(table)}
        large = [name for name in large if name not in touched]
    return [name for name in large if _link(source, target, name)]


def _link(source: Path, target: Path, name: str) -> bool:
    """Link a file, and that of Hadoop's own checksums; false where the disk has no links."""
    try:
        for file in (name, f".{name}.crc"):
            if (source / file).exists():
                os.link(source / file, target / file)
    except OSError:
        (target / name).unlink(missing_ok=True)
        return False
    return True


def rows_in(folder: str, names: Sequence[str]) -> int:
    """How many rows Parquet files of a local folder have, by their footers."""
    return sum(pq.read_metadata(f"{folder.removeprefix(LOCAL)}/{name}").num_rows for name in names)
