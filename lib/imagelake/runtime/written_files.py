"""Folders whose files executors write, one partition a file, under names of our own."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from hashlib import md5
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.lake.storage import to_pattern

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

    from imagelake.runtime.job import Work

_PART = re.compile(r"part-(\d+)-")
_RENAMES_AT_ONCE = 8


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


def write_files(work: Work, folder: str, files: DataFrame, paths: Sequence[str]) -> None:
    """Stage a file a row, as executors write them; for few files, since the driver gives each its name.

    Spark's text writer writes the bytes of a row as they are and one byte of our choice behind them. So files are
    written without their last byte, those that end alike together, each into a folder of its own.

    Args:
        work: the run.
        folder: a folder of files that the job writes.
        files: path and content, each path once and no content empty.
        paths: all of these.
    """
    scratch, staging = f"{work.staging}/rows", work.published.staging
    cut = files.select(
        F.md5("path").alias("key"),
        F.substring("content", -1, 1).alias("end"),
        F.expr("substring(content, 1, length(content) - 1)").cast("string").alias("value"),
    )
    ends = [bytes(row["end"]) for row in cut.select("end").distinct().collect()]
    for end in sorted(ends):
        alike = cut.where(F.col("end") == F.lit(end)).select("key", "value")
        writer = alike.write.partitionBy("key").mode("append").option("encoding", "ISO-8859-1")
        writer.option("lineSep", end.decode("latin-1")).text(scratch)
    names = {md5(path.encode(), usedforsecurity=False).hexdigest(): path for path in paths}
    for parent in sorted({path.rpartition("/")[0] for path in paths}):
        work.lake.storage.make_folder(f"{work.staging}/{folder}/{parent}".rstrip("/"))

    def move(relative: str) -> None:
        key = relative.partition("/")[0].removeprefix("key=")
        work.lake.files.rename(f"{staging}/rows/{relative}", f"{staging}/{folder}/{names[key]}")

    written = [file.relative for file in work.lake.storage.files(scratch) if "/part-" in file.relative]
    with ThreadPoolExecutor(_RENAMES_AT_ONCE) as pool:
        list(pool.map(move, (name for name in written if not name.rpartition("/")[2].startswith("."))))
    work.lake.storage.delete(scratch)


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
    below = f"/{work.published.staging}/{folder}/"
    return sorted((row["path"].partition(below)[2], row["length"], row["sha256"]) for row in found)
