"""Files in folders: a row for each of the listing, and the bytes of those that are wanted.

Names decide nothing here: what Spark's own readers leave out or cannot spell is read as well.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.lake.listing import FoundFile, hidden_from_spark
from imagelake.lake.storage import to_pattern

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from imagelake.transforms.ingest.sources import Source

LISTED = pa.schema(
    {
        "raw": pa.binary(),
        "path": pa.string(),
        "relative": pa.string(),
        "length": pa.int64(),
        "modified_ms": pa.int64(),
        "problem": pa.string(),
    }
)
IMAGE_ENDINGS = ("jpg", "jpeg", "jfif", "png", "webp", "gif", "bmp", "tif", "tiff", "ppm", "pgm", "pbm", "pnm", "avif",
                 "heic", "heif")  # fmt: skip


def named_like(endings: Sequence[str]) -> str:
    """What the names with some endings match, in any case."""
    return rf"(?i)\.({'|'.join(endings)})$"


IMAGE_NAME = named_like(IMAGE_ENDINGS)
_LISTED_AT_ONCE = 10_000
_TASK_BYTES = 128 * 2**20
_BATCH_BYTES = 16 * 2**20


def listing_table(files: Iterable[FoundFile]) -> pa.Table:
    """A listing as a table of LISTED: about 200 bytes a file on the driver."""
    columns = ("raw", "path", "relative", "size", "modified_ms", "problem")
    waiting, batches = iter(files), []
    while part := list(islice(waiting, _LISTED_AT_ONCE)):
        batches.append(pa.record_batch([[getattr(file, name) for file in part] for name in columns], schema=LISTED))
    return pa.Table.from_batches(batches, LISTED)


def listed_files(spark: SparkSession, address: str) -> DataFrame:
    """A listing that was stored as Parquet: the columns of LISTED."""
    return spark.read.schema(from_arrow_schema(LISTED)).parquet(to_pattern(address))


def read_local_files(wanted: DataFrame) -> DataFrame:
    """The bytes of files on disks that every executor has: path, content.

    Each is opened by the bytes of its name. One that can no longer be read is empty.

    Args:
        wanted: raw, path and length of the files.
    """
    total = wanted.agg(F.sum("length")).collect()[0][0] or 0
    spark = wanted.sparkSession
    tasks = max(spark.sparkContext.defaultParallelism, -(-total // _TASK_BYTES))
    return wanted.select("path", "raw").repartition(tasks, "raw").mapInArrow(_read, "path string, content binary")


def _read(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    rows: list[tuple[str, bytes]] = []
    size = 0
    for batch in batches:
        for path, raw in zip(batch["path"].to_pylist(), batch["raw"].to_pylist(), strict=True):
            content = _content(raw)
            rows.append((path, content))
            size += len(content)
            if size >= _BATCH_BYTES:
                yield _batch(rows)
                rows, size = [], 0
    if rows:
        yield _batch(rows)


def _batch(rows: Sequence[tuple[str, bytes]]) -> pa.RecordBatch:
    paths, contents = zip(*rows, strict=True)
    return pa.record_batch({"path": pa.array(paths, pa.string()), "content": pa.array(contents, pa.binary())})


def _content(raw: bytes) -> bytes:
    try:
        return Path(os.fsdecode(raw)).read_bytes()
    except OSError:
        return b""


def read_hadoop_files(wanted: DataFrame, source: Source, endings: Sequence[str] = IMAGE_ENDINGS) -> DataFrame:
    """The bytes of files on HDFS and the like: path, content.

    Spark's reader leaves out names that begin with ``_`` or ``.`` at any depth, so those files are copied to names that
    it reads. Only paths are compared: no content is moved between executors.

    Args:
        wanted: path of the files.
        source: which has them.
        endings: of the files that are read at all.
    """
    spark, listing, folder = wanted.sparkSession, source.listing, source.folder
    paths = listing.filter(pc.match_substring_regex(listing["path"], named_like(endings)))["path"]
    few = 2 * wanted.count() < len(paths)
    if few:  # the others are not opened
        paths = wanted.select("path").toArrow()["path"]
    names: list[str] = paths.to_pylist()
    hidden = [path for path in names if hidden_from_spark(path[len(folder) :])]
    copies = source.visible_copies(hidden) if hidden else {}
    found = _binary_files(spark, sorted(set(names) - set(hidden)) if few else [folder], endings)
    if copies:
        original = spark.createDataFrame([(copy, path) for path, copy in copies.items()], "copy string, path string")
        # Each copy lies in a folder of its own, and all of these in one.
        folder_of_copies = next(iter(copies.values())).rsplit("/", 2)[0]
        copied = _binary_files(spark, [folder_of_copies], endings).withColumnRenamed("path", "copy")
        found = found.unionByName(copied.join(F.broadcast(original), "copy", how="inner").drop("copy"))
    if few:
        return found
    # A broadcast of the wanted would be as large as the listing; what is not wanted is little.
    unwanted = listed_files(spark, source.listed).select("path").join(wanted.select("path"), "path", how="left_anti")
    return found.join(F.broadcast(unwanted), "path", how="left_anti")


def _binary_files(spark: SparkSession, uris: Sequence[str], endings: Sequence[str]) -> DataFrame:
    """Path and content of files, and of those with some endings below folders."""
    if not uris:
        return spark.createDataFrame([], "path string, content binary")
    any_case = ",".join("".join(f"[{letter}{letter.upper()}]" for letter in ending) for ending in endings)
    return (
        spark.read.format("binaryFile")
        .option("recursiveFileLookup", True)
        .option("pathGlobFilter", f"*.{{{any_case}}}")
        .load([to_pattern(uri) for uri in uris])
        .select("path", "content")
    )
