"""CSV files as published, read as text: cells by column name, one row a line, malformed lines kept."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_pattern

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

MALFORMED = "_malformed"
SOURCE_FILE = "source_file"
HEAD_BYTES = 65_536


@dataclass(frozen=True)
class CsvFile:
    """One CSV file and the cells of its first line."""

    uri: str
    first_line: tuple[str, ...]

    @classmethod
    def from_head(cls, uri: str, head: bytes) -> CsvFile:
        """The file by its first bytes, up to HEAD_BYTES of them; an empty file has no first line."""
        lines = head.decode("utf-8-sig", errors="replace").splitlines()
        cells = next(csv.reader(lines[:1]), [])
        return cls(uri, tuple(cell.strip() for cell in cells))

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return self.uri.rsplit("/", 1)[-1]

    def has(self, *columns: str) -> bool:
        """Whether the first line names all these columns, in any case."""
        return {column.lower() for column in columns} <= {cell.lower() for cell in self.first_line}


def read_csv_rows(
    spark: SparkSession, files: Iterable[CsvFile], columns: Sequence[str], header: bool = True
) -> DataFrame:
    """Read files as text cells.

    Files of the same content may differ in their columns (13 or 21 for boxes), so each header is read by itself. A
    column that a file does not have is null throughout.

    Args:
        spark: the session.
        files: CSV files; all with a header line, or all without.
        columns: the columns wanted, in their published spelling; without a header, the names of the cells in order.
        header: whether the first line holds names.

    Returns:
        The wanted columns as trimmed strings, empty ones null; ``source_file``; and ``_malformed``, the whole line
        where the number of its cells is not that of the header, else null.
    """
    by_header: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for file in files:
        by_header[file.first_line if header else tuple(columns)].append(file.uri)
    frames = [_read_alike(spark, uris, names, columns, header) for names, uris in by_header.items()]
    if not frames:
        empty = ", ".join(f"`{name}` string" for name in (*columns, SOURCE_FILE, MALFORMED))
        return spark.createDataFrame([], empty)
    return reduce(lambda first, second: first.unionByName(second), frames)


def _read_alike(
    spark: SparkSession, uris: list[str], names: Sequence[str], columns: Sequence[str], header: bool
) -> DataFrame:
    schema = ", ".join(f"`{name.lower()}` string" for name in (*names, MALFORMED))
    if len({name.lower() for name in names}) != len(names):
        raise ImageLakeError(f"{uris[0]}: two columns have the same name: {', '.join(names)}")
    rows = (
        spark.read.schema(schema)
        .option("header", header)
        .option("mode", "PERMISSIVE")
        .option("columnNameOfCorruptRecord", MALFORMED)
        # With pruning, a line with too few or too many cells passes unseen when only some columns are read.
        .option("columnPruning", False)
        .option("escape", '"')
        .csv([to_pattern(uri) for uri in uris])
    )
    found = {name.lower() for name in names}
    wanted = [_cell(name.lower()) if name.lower() in found else F.lit(None).cast("string") for name in columns]
    return rows.select(
        *(cell.alias(name) for cell, name in zip(wanted, columns, strict=True)),
        F.element_at(F.split(F.input_file_name(), "/"), -1).alias(SOURCE_FILE),
        F.col(MALFORMED),
    )


def _cell(name: str) -> Column:
    trimmed = F.trim(F.col(f"`{name}`"))
    return F.when(trimmed != "", trimmed)
