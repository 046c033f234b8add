"""CSV files as published, read as text: cells by column name, one row a record, malformed records kept."""

from __future__ import annotations

import codecs
import csv
import zlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING
from urllib.parse import unquote

from pyspark.sql import functions as F
from pyspark.sql.types import StringType, StructField, StructType

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_pattern

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame, SparkSession

MALFORMED = "_malformed"
INPUT_FILE = "_input_file"
SOURCE_FILE = "source_file"
HEAD_BYTES = 65_536
CSV_ENDINGS = (".csv", ".tsv", ".csv.gz", ".tsv.gz")
SEPARATORS = (",", ";", "\t")
_MOST_CELLS = 1_000_000  # of a line; the parser's own limit of 20,480 ends the job
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_GZIP = 16 + zlib.MAX_WBITS
ALIAS_PREFIX = "imagelake-alias="  # of the visible copy of a file whose name Spark leaves out or cannot spell


@dataclass(frozen=True)
class CsvFile:
    """One CSV file and the cells of its first line.

    Attributes:
        uri: where Spark reads it.
        first_line: trimmed.
        separator: between its cells, comma, semicolon or tab.
    """

    uri: str
    first_line: tuple[str, ...]
    separator: str = ","

    @classmethod
    def from_head(cls, uri: str, head: bytes) -> CsvFile:
        """The file by its first bytes, up to HEAD_BYTES of them; an empty file has no first line.

        Raises:
            ImageLakeError: the file is in UTF-16, or is a damaged gzip file.
        """
        if head[:2] == b"\x1f\x8b":
            try:
                head = zlib.decompressobj(_GZIP).decompress(head, HEAD_BYTES)
            except zlib.error as error:
                raise ImageLakeError(f"{uri}: begins like a gzip file and is none that can be read: {error}") from None
        if head.startswith(_UTF_16) or b"\x00" in head[:4]:
            raise ImageLakeError(f"{uri}: is in UTF-16; save it as UTF-8: iconv -f UTF-16 -t UTF-8")
        lines = head.decode("utf-8-sig", errors="replace").splitlines()[:1]
        split = {separator: _cells(lines, separator) for separator in SEPARATORS}
        # Of a file with one column the comma is as good as any.
        separator = max(SEPARATORS, key=lambda one: (len(split[one]), -SEPARATORS.index(one)))
        return cls(uri, split[separator], separator)

    @property
    def name(self) -> str:
        """The file's name without its folders."""
        return self.uri.rsplit("/", 1)[-1].removeprefix(ALIAS_PREFIX)

    def has(self, *columns: str) -> bool:
        """Whether the first line names all these columns, in any case."""
        return {column.lower() for column in columns} <= {cell.lower() for cell in self.first_line}


def _cells(lines: list[str], separator: str) -> tuple[str, ...]:
    return tuple(cell.strip() for cell in next(csv.reader(lines, delimiter=separator), []))


def read_csv_rows(
    spark: SparkSession,
    files: Iterable[CsvFile],
    columns: Sequence[str],
    header: bool = True,
    line_breaks: bool = False,
) -> DataFrame:
    """Read files as text cells.

    Files of the same content may differ in their columns (13 or 21 for boxes), so each header is read by itself. A
    column that a file does not have is null throughout.

    Args:
        spark: the session.
        files: CSV files; all with a header line, or all without.
        columns: the columns wanted, in their published spelling; without a header, the names of the cells in order.
        header: whether the first line holds names.
        line_breaks: whether quoted cells may hold line breaks. A file in which some do is read by one task.

    Returns:
        The wanted columns as trimmed strings, empty ones null; ``_input_file``, the address of the file, of which
        `name_of_file` makes a name; and ``_malformed``, the whole record where the number of its cells is not that of
        the header, else null.
    """
    alike: dict[tuple[tuple[str, ...], str], list[str]] = defaultdict(list)
    for file in files:
        alike[file.first_line if header else tuple(columns), file.separator].append(file.uri)
    frames = [
        _read_alike(spark, uris, _Layout(names, separator, header), columns, line_breaks)
        for (names, separator), uris in alike.items()
    ]
    if not frames:
        empty = ", ".join(f"`{name}` string" for name in (*columns, INPUT_FILE, MALFORMED))
        return spark.createDataFrame([], empty)
    return reduce(lambda first, second: first.unionByName(second), frames)


@dataclass(frozen=True)
class _Layout:
    """How the lines of a file are split: the names of its cells, what separates them, whether the first holds names."""

    names: tuple[str, ...]
    separator: str
    header: bool


def _read_alike(
    spark: SparkSession, uris: list[str], layout: _Layout, columns: Sequence[str], line_breaks: bool
) -> DataFrame:
    names = [name.lower() for name in layout.names]
    if len(set(names)) != len(names):
        raise ImageLakeError(f"{uris[0]}: two columns have the same name: {', '.join(layout.names)}")
    rows = _records(spark, uris, layout, over_lines=False)
    if line_breaks and (broken := _with_open_quotes(spark, uris)):
        rows = _records(spark, [uri for uri in uris if uri not in broken], layout, over_lines=False)
        for uri in broken:
            rows = rows.unionByName(_fewer_malformed(*(_records(spark, [uri], layout, over) for over in (True, False))))
    wanted = [_cell(f"c{names.index(name.lower())}") if name.lower() in names else _absent() for name in columns]
    return rows.select(
        *(cell.alias(name) for cell, name in zip(wanted, columns, strict=True)), INPUT_FILE, F.col(MALFORMED)
    )


def _records(spark: SparkSession, uris: list[str], layout: _Layout, over_lines: bool) -> DataFrame:
    """Records as cells c0, c1, ... by position, so that no name in a header can be taken for anything else."""
    cells = [*(f"c{position}" for position in range(len(layout.names))), MALFORMED]
    schema = StructType([StructField(cell, StringType()) for cell in cells])
    if not uris:
        return spark.createDataFrame([], schema).withColumn(INPUT_FILE, F.lit(None).cast("string"))
    return (
        spark.read.schema(schema)
        .option("header", layout.header)
        .option("sep", layout.separator)
        .option("mode", "PERMISSIVE")
        .option("columnNameOfCorruptRecord", MALFORMED)
        # With pruning, a line with too few or too many cells passes unseen when only some columns are read.
        .option("columnPruning", False)
        .option("escape", '"')
        .option("maxColumns", _MOST_CELLS)
        .option("multiLine", over_lines)
        .csv([to_pattern(uri) for uri in uris])
        .withColumn(INPUT_FILE, F.input_file_name())
    )


def _with_open_quotes(spark: SparkSession, uris: list[str]) -> list[str]:
    """The files in which some line has an odd number of quotes: a cell goes on in the next line, or is damaged."""
    quotes = F.length("value") - F.length(F.replace("value", F.lit('"'), F.lit("")))
    lines = spark.read.text([to_pattern(uri) for uri in uris])
    named = (
        lines.where(F.contains("value", F.lit('"')) & (quotes % 2 == 1))
        .select(F.input_file_name().alias("file"))
        .distinct()
        .collect()
    )
    found = {_decoded(row["file"]) for row in named}
    return [uri for uri in uris if uri.rpartition("/")[2] in found]


def _decoded(address: str) -> str:
    return unquote(address.rpartition("/")[2])


def _fewer_malformed(over_lines: DataFrame, by_line: DataFrame) -> DataFrame:
    """The reading with fewer malformed records: one quote that is never closed would swallow all lines behind it."""
    # Spark refuses to count malformed records without looking at another column as well.
    counts = [rows.agg(F.count(MALFORMED), F.max("c0")).collect()[0][0] for rows in (over_lines, by_line)]
    return over_lines if counts[0] < counts[1] else by_line


def name_of_file() -> Column:
    """The name of the file that a row was read from, without its folders: too costly for every row of millions."""
    name = F.url_decode(F.replace(F.element_at(F.split(INPUT_FILE, "/"), -1), F.lit("+"), F.lit("%2B")))
    return F.regexp_replace(name, f"^{ALIAS_PREFIX}", "")


def _cell(name: str) -> Column:
    trimmed = F.trim(F.col(name))
    return F.when(trimmed != "", trimmed)


def _absent() -> Column:
    return F.lit(None).cast("string")
