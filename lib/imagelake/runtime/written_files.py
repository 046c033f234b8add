"""Folders whose files executors write, one partition a file, under names of our own."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.lake.storage import to_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

    from imagelake.runtime.job import Work

_PART = re.compile(r"part-(\d+)-")


def write_rows(work: Work, folder: str, text: DataFrame, paths: Sequence[str], separator: bytes) -> None:
    """Stage files of bytes.

    Args:
        work: the run.
        folder: a folder of files that the job writes.
        text: one column of text, a partition a file; what Spark writes behind each row is the separator.
        paths: of the files in the folder, by partition.
        separator: one byte of ASCII.
    """
    scratch = f"{work.staging}/rows"
    text.write.option("lineSep", separator.decode("ascii")).text(scratch)
    _move(work, "rows", folder, paths)


def write_parquet(work: Work, folder: str, rows: DataFrame, paths: Sequence[str]) -> None:
    """Stage Parquet files, a partition a file; the arguments are those of `write_rows`."""
    rows.write.parquet(f"{work.staging}/rows")
    _move(work, "rows", folder, paths)


def _move(work: Work, scratch: str, folder: str, paths: Sequence[str]) -> None:
    """Give what Spark wrote the names that it should have: a rename each, on HDFS too."""
    staging = work.published.staging
    for parent in sorted({path.rpartition("/")[0] for path in paths}):
        work.lake.storage.make_folder(f"{work.staging}/{folder}/{parent}".rstrip("/"))
    for name in work.lake.storage.names(f"{work.staging}/{scratch}"):
        if found := _PART.match(name):
            work.lake.files.rename(f"{staging}/{scratch}/{name}", f"{staging}/{folder}/{paths[int(found[1])]}")
    work.lake.storage.delete(f"{work.staging}/{scratch}")


def checksums(work: Work, folder: str) -> list[tuple[str, int, str]]:
    """Path, bytes and SHA-256 of each staged file, read back by executors."""
    address = f"{work.staging}/{folder}"
    found = (
        work.lake.spark.read.format("binaryFile")
        .option("recursiveFileLookup", "true")
        .load(to_pattern(address))
        .select("path", "length", F.sha2("content", 256).alias("sha256"))
        .collect()
    )
    return sorted((row["path"].partition(f"/{folder}/")[2], row["length"], row["sha256"]) for row in found)
