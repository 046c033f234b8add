"""Rows of features in files that are no lake's: Parquet, CSV, or .npy files that are a column each.

Letters: N rows, D features.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_pattern, to_uri

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.lake.lake import Lake

NPY = ".npy"
FEATURE_FILES = (".parquet", ".csv", NPY)
ROWS_AT_ONCE = 4096
_HEAD_BYTES = 4096  # of a .npy file: its header says shape and type


def feature_rows(lake: Lake, path: str, features_column: str) -> DataFrame:
    """The rows of a file, or of a folder of files, with the columns that they have there.

    Args:
        lake: whose session and storage read them.
        path: of Parquet, CSV or .npy. Each .npy file of a folder is a column by its name; one file is the features.
        features_column: what the column of a single .npy file is called.

    Raises:
        ImageLakeError: it is none of the formats, or .npy files do not fit together.
    """
    uri, spark = to_uri(path), lake.spark
    names = names_in(lake, path)
    if any(name.endswith(".parquet") for name in names):
        return spark.read.parquet(to_pattern(uri))
    # Read once, however often rows are counted: to parse arrays or text takes longer than to count them.
    if any(name.endswith(NPY) for name in names):
        return _array_rows(lake, uri, names, features_column).persist(StorageLevel.DISK_ONLY)
    if any(name.endswith(".csv") for name in names):
        return spark.read.csv(to_pattern(uri), header=True, inferSchema=True).persist(StorageLevel.DISK_ONLY)
    raise ImageLakeError(
        f"{path}: neither a lake with predictions, nor Parquet, CSV or .npy files "
        f"(in it: {', '.join(names[:5]) or 'nothing'})"
    )


def names_in(lake: Lake, path: str) -> list[str]:
    """The files in a folder, or the path itself where it is a file."""
    uri = to_uri(path)
    if not lake.storage.is_folder(uri):
        return [path]
    return [name for name in lake.storage.names(uri) if not name.startswith(("_", "."))]


def _array_rows(lake: Lake, uri: str, names: Sequence[str], features_column: str) -> DataFrame:
    if uri.endswith(NPY):
        folder, _, name = uri.rpartition("/")
        return _columns(lake, folder, {features_column: name})
    return _columns(lake, uri, {name.removesuffix(NPY): name for name in names if name.endswith(NPY)})


def npy_header(head: bytes, file: str) -> tuple[tuple[int, ...], np.dtype[Any]]:
    """Shape and type that the beginning of a .npy file states.

    Raises:
        ImageLakeError: it is no such file, or one of Python objects.
    """
    stream = io.BytesIO(head)
    try:
        version = np.lib.format.read_magic(stream)
        read = np.lib.format.read_array_header_1_0 if version == (1, 0) else np.lib.format.read_array_header_2_0
        shape, _, dtype = read(stream)
    except ValueError as error:
        raise ImageLakeError(f"{file} is no .npy file: {error}") from None
    if dtype.hasobject:
        raise ImageLakeError(f"{file} holds Python objects, which only the program that wrote them can trust")
    return shape, dtype


def array_shapes(lake: Lake, uri: str, files: Sequence[str]) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
    """Shape and type of each file, all of them of as many rows.

    Raises:
        ImageLakeError: two differ.
    """
    found = {name: npy_header(lake.storage.read_head(f"{uri}/{name}", _HEAD_BYTES), f"{uri}/{name}") for name in files}
    rows = {name: shape[0] if shape else 0 for name, (shape, _) in found.items()}
    if len(set(rows.values())) > 1:
        one, other = min(rows, key=lambda name: rows[name]), max(rows, key=lambda name: rows[name])
        raise ImageLakeError(f"{uri}: {one} has {rows[one]:,} rows, {other} {rows[other]:,}")
    return found


def binary_files(lake: Lake, folder: str, names: str) -> DataFrame:
    """Path and content of the files in a folder whose names match a pattern."""
    files = lake.spark.read.format("binaryFile").option("pathGlobFilter", names)
    return files.load(to_pattern(folder)).select("path", "content")


def _columns(lake: Lake, folder: str, files: Mapping[str, str]) -> DataFrame:
    """One row a row of files that are a column each: one task reads all of them."""
    found = array_shapes(lake, folder, list(files.values()))
    types = {column: _spark_type(*found[name], f"{folder}/{name}") for column, name in files.items()}
    ordered = sorted(files)

    def rows(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            for content in batch["contents"]:
                arrays = {
                    str(one["path"]).rpartition("/")[2]: np.load(io.BytesIO(one["content"]), allow_pickle=False)
                    for one in content
                }
                columns = {column: arrays[files[column]] for column in ordered}
                count = len(next(iter(columns.values())))
                for at in range(0, count, ROWS_AT_ONCE):
                    yield pd.DataFrame({name: list(values[at : at + ROWS_AT_ONCE]) for name, values in columns.items()})

    read = binary_files(lake, folder, "{" + ",".join(sorted(files.values())) + "}")
    together = read.agg(F.collect_list(F.struct("path", "content")).alias("contents"))
    return together.mapInPandas(rows, ", ".join(f"`{column}` {types[column]}" for column in ordered))


def _spark_type(shape: tuple[int, ...], dtype: np.dtype[Any], file: str) -> str:
    """The type of a column from an array of one or two dimensions.

    Raises:
        ImageLakeError: it is of other dimensions, or of a type that no column has.
    """
    types = {np.bool_: "boolean", np.integer: "bigint", np.float32: "float", np.floating: "double", np.str_: "string"}
    fitting = [name for one, name in types.items() if np.issubdtype(dtype, one)]
    if not fitting or len(shape) not in (1, 2):
        raise ImageLakeError(
            f"{file} is an array {list(shape)} of {dtype}: a column is [N] or [N, D] of numbers or words"
        )
    return f"array<{fitting[0]}>" if len(shape) == 2 else fitting[0]
