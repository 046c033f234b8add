"""The sets that shift is measured between: splits of the lake, other lakes, or files of features and predictions."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.lake.lake import Lake
from imagelake.lake.storage import to_pattern, to_uri
from imagelake.runtime.resolve.labels import read_label_rules
from imagelake.runtime.resolve.network import published_card
from imagelake.transforms.labels.label_classes import label_classes, vocabulary
from imagelake.transforms.shift.overfitting import training_runs
from imagelake.transforms.shift.sets import LakeTables, ShiftSet, set_of_lake, set_of_rows

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.config import Config, ShiftSection
    from imagelake.lake.inputs import Inputs

LAKE_TABLES = ("predictions", "images", "labels_clean", "classes", "hierarchy")
OPTIONAL_TABLES = (
    "image_quality",
    "image_bytes",
    "label_issues",
    "duplicate_groups",
    "image_overlap",
    "overlap_counts",
    "training_runs",
    "run_comparison",
)
NETWORK = "model"  # a folder, whose card names the features
ENDINGS = (".parquet", ".csv", ".npy")
NPY, JSON, CLASS_INFO = ".npy", ".json", "class_info.json"
TRAIN = "train"
_HEAD_BYTES = 4096  # of a .npy file: its header says shape and type
_ROWS_AT_ONCE = 4096


def is_path(name: str) -> bool:
    """Whether a set is named by a path, local or not; else it is a split of the lake."""
    return "/" in name or name.endswith(ENDINGS)


def path_and_split(name: str) -> tuple[str, str | None]:
    """The path of LAKE:split, and the split; None where only a path is given."""
    path, colon, split = name.rpartition(":")
    return (path, split) if colon and path and "/" not in split else (name, None)


def set_names(rules: ShiftSection) -> tuple[str, ...]:
    """Every set that is named, the training set last, each once."""
    return tuple(dict.fromkeys(name for name in (*rules.before, *rules.after, rules.training) if name))


def shift_files(config: Config) -> tuple[str, ...]:
    """The lakes and files outside the lake that are read."""
    return tuple(to_uri(path_and_split(name)[0]) for name in set_names(config.shift) if is_path(name))


def shift_companions(config: Config) -> tuple[str, ...]:
    """The lists of images and classes that may stand beside published predictions."""
    files = shift_files(config)
    lists = (f"{file}{JSON}" for file in files)
    infos = (f"{file.rpartition('/')[0]}/{CLASS_INFO}" for file in files)
    return tuple(dict.fromkeys((*lists, *infos)))


def lake_tables(config: Config) -> tuple[str, ...]:
    """The tables of the lake itself that are read: those of its splits, if any is named."""
    return () if all(map(is_path, set_names(config.shift))) else LAKE_TABLES


def check_sets(config: Config, _: Inputs) -> None:
    """Raise where no two sets are named.

    Raises:
        ImageLakeError: a side is empty, or a set stands on both.
    """
    rules = config.shift
    for side in ("before", "after"):
        if not getattr(rules, side):
            raise ImageLakeError(
                f"measure_shift compares two sets, and --{side} names none: a split of the lake (validation), another "
                "lake (var/other, var/other:test) or files (./test.parquet)"
            )
    names = (*rules.before, *rules.after)
    if len(set(names)) < len(names):
        raise ImageLakeError(f"a set is compared with itself or named twice: {', '.join(names)}")


@dataclass(frozen=True)
class SetReader:
    """Opens sets by their names.

    Attributes:
        lake: the lake whose splits they may be.
        read: a table of that lake.
        config: the columns of files, and what classes mean.
    """

    lake: Lake
    read: Callable[[str], DataFrame]
    config: Config

    def open(self, name: str) -> ShiftSet:
        """The set of a name.

        Raises:
            ImageLakeError: there is nothing of that name, or what is there is no set.
        """
        if not is_path(name):
            return self._of_lake(name, self.lake, self.read, name)
        path, split = path_and_split(name)
        if (other := self._lake_at(path)) is not None:
            return self._of_lake(name, other, other.read, split)
        if split is not None:
            raise ImageLakeError(f"{path} is no lake with predictions, so {name} has no split {split}")
        return set_of_rows(name, self._rows(path), self.config.shift)

    def training(self) -> dict[str, int] | None:
        """Images by label that the model learnt from; None where neither the setting nor a split train tells."""
        rules = self.config.shift
        if rules.training:
            return self._label_counts(rules.training)
        own = not any(map(is_path, (*rules.before, *rules.after)))
        if not own or not self.read("images").where(F.col("split") == TRAIN).head(1):
            return None
        return self._label_counts(TRAIN)

    def _label_counts(self, name: str) -> dict[str, int]:
        path, split = path_and_split(name) if is_path(name) else ("", name)
        other = self._lake_at(path) if path else self.lake
        if other is not None:
            read = other.read if path else self.read
            labels = read("labels_clean").select("image_id", "label")
            if split is not None:
                chosen = read("images").where(F.col("split") == split).select("image_id")
                labels = labels.join(chosen, "image_id", how="left_semi")
            labels = labels.distinct()
        else:
            rows, column = self._rows(path), self.config.shift.label_column
            if column not in rows.columns:
                raise ImageLakeError(f"shift.training = {name!r}: {unknown_choice('column', column, rows.columns)}")
            labels = rows.select(F.col(f"`{column}`").cast("string").alias("label"))
        counts = labels.where("label IS NOT NULL").groupBy("label").count().collect()
        return {row["label"]: row["count"] for row in counts}

    def _lake_at(self, path: str) -> Lake | None:
        uri = to_uri(path)
        if path.endswith(ENDINGS) or not self.lake.storage.is_folder(uri):
            return None
        other = Lake(self.lake.spark, uri).pinned((*LAKE_TABLES, *OPTIONAL_TABLES, NETWORK), forgiving=True)
        return other if other.manifest("predictions", forgiving=True) else None

    def _of_lake(self, name: str, lake: Lake, read: Callable[[str], DataFrame], split: str | None) -> ShiftSet:
        labels = read("labels_clean")
        words = vocabulary(labels, read("classes"), read("hierarchy"))
        meanings = label_classes(words, read_label_rules(self.config, lake.storage))
        optional = {table: read(table) if lake.manifest(table) else None for table in OPTIONAL_TABLES}
        tables = LakeTables(
            lake.root,
            read("images"),
            read("predictions"),
            labels,
            optional["image_quality"],
            optional["image_bytes"],
            optional["label_issues"],
            optional["duplicate_groups"],
            optional["image_overlap"],
            _references(optional["overlap_counts"]),
            training_runs(optional["training_runs"], optional["run_comparison"]),
            published_card(lake.folder(NETWORK), lake.storage).features if lake.manifest(NETWORK) else None,
        )
        return set_of_lake(name, tables, meanings, split)

    def _rows(self, path: str) -> DataFrame:
        """The rows of a file, or of a folder of files.

        Raises:
            ImageLakeError: it is none of the formats.
        """
        uri, spark = to_uri(path), self.lake.spark
        names = [path]
        if self.lake.storage.is_folder(uri):
            names = [name for name in self.lake.storage.names(uri) if not name.startswith(("_", "."))]
        if any(name.endswith(NPY) for name in names):
            # Read once, however often it is counted: to parse arrays takes longer than to count them.
            return array_rows(self.lake, uri, self.config.shift).persist(StorageLevel.DISK_ONLY)
        if any(name.endswith(".parquet") for name in names):
            return spark.read.parquet(to_pattern(uri))
        if any(name.endswith(".csv") for name in names):
            return spark.read.csv(to_pattern(uri), header=True, inferSchema=True)
        raise ImageLakeError(
            f"{path}: neither a lake with predictions, nor Parquet, CSV or .npy files "
            f"(in it: {', '.join(names[:5]) or 'nothing'})"
        )


def _references(counts: DataFrame | None) -> frozenset[str]:
    """The lakes that overlap_counts compares with."""
    if counts is None:
        return frozenset()
    return frozenset(row["reference"] for row in counts.select("reference").distinct().collect())


def array_rows(lake: Lake, uri: str, rules: ShiftSection) -> DataFrame:
    """The rows of a folder of .npy files, or of one file of features.

    With a list of images beside it, FOLDER.json, its files are predictions of a model each, as ImageNetV2 publishes
    them: [N, k] class numbers, the best first, in the order of the list. Otherwise each file is a column by its name.

    Raises:
        ImageLakeError: files differ in their number of rows, or one is no array of numbers.
    """
    storage = lake.storage
    if uri.endswith(NPY):
        folder, _, name = uri.rpartition("/")
        return _columns(lake, folder, {rules.features_column: name})
    files = [name for name in storage.names(uri) if name.endswith(NPY)]
    if storage.exists(f"{uri}{JSON}"):
        return _published_predictions(lake, uri, files, rules)
    return _columns(lake, uri, {name.removesuffix(NPY): name for name in files})


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


def _shapes(lake: Lake, uri: str, files: Sequence[str]) -> dict[str, tuple[tuple[int, ...], np.dtype[Any]]]:
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


def _published_predictions(lake: Lake, uri: str, files: Sequence[str], rules: ShiftSection) -> DataFrame:
    """One row a model and image, from a folder of predictions as ImageNetV2 publishes them."""
    list_file, info_file = f"{uri}{JSON}", f"{uri.rpartition('/')[0]}/{CLASS_INFO}"
    images = _parsed(lake, list_file, "image_filenames")
    if not lake.storage.exists(info_file):
        raise ImageLakeError(f"{list_file} names classes by wnid; {info_file}, which numbers them, is missing")
    classes = _parsed(lake, info_file, None)
    try:
        names = {int(one["cid"]): f"{one['wnid']} {one['synset'][0]}" for one in classes}
        by_wnid = {one["wnid"]: names[int(one["cid"])] for one in classes}
        ids, labels = [str(file) for file, _ in images], [by_wnid[wnid] for _, wnid in images]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ImageLakeError(f"{list_file} or {info_file} is not as ImageNetV2 publishes them: {error!r}") from None
    for name, (shape, _) in _shapes(lake, uri, files).items():
        if shape[0] != len(ids):
            raise ImageLakeError(f"{uri}/{name} has {shape[0]:,} rows, and {list_file} lists {len(ids):,} images")

    def rows(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            for path, content in zip(batch["path"], batch["content"], strict=True):
                predicted = np.load(io.BytesIO(content), allow_pickle=False)
                best = predicted if predicted.ndim == 1 else predicted[:, 0]
                model = str(path).rpartition("/")[2].removesuffix(NPY)
                said = [names.get(number, f"class {number}") for number in best.tolist()]
                for at in range(0, len(ids), _ROWS_AT_ONCE):
                    part = slice(at, at + _ROWS_AT_ONCE)
                    yield pd.DataFrame(
                        {"model": model, "image_id": ids[part], "label": labels[part], "prediction": said[part]}
                    )

    found = _binary(lake, uri, f"*{NPY}").repartition(len(files))
    made = found.mapInPandas(rows, "model string, image_id string, label string, prediction string")
    renamed = {
        "model": rules.model_column,
        "image_id": rules.id_column,
        "label": rules.label_column,
        "prediction": rules.prediction_column,
    }
    return made.withColumnsRenamed(renamed)


def _parsed(lake: Lake, file: str, key: str | None) -> Any:
    try:
        value = json.loads(lake.storage.read_bytes(file))
        return value if key is None else value[key]
    except (ValueError, KeyError, TypeError) as error:
        raise ImageLakeError(f"{file} is not as ImageNetV2 publishes it: {error!r}") from None


def _binary(lake: Lake, folder: str, names: str) -> DataFrame:
    files = lake.spark.read.format("binaryFile").option("pathGlobFilter", names)
    return files.load(to_pattern(folder)).select("path", "content")


def _columns(lake: Lake, folder: str, files: Mapping[str, str]) -> DataFrame:
    """One row a row of files that are a column each: one task reads all of them."""
    found = _shapes(lake, folder, list(files.values()))
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
                for at in range(0, count, _ROWS_AT_ONCE):
                    yield pd.DataFrame(
                        {name: list(values[at : at + _ROWS_AT_ONCE]) for name, values in columns.items()}
                    )

    read = _binary(lake, folder, "{" + ",".join(sorted(files.values())) + "}")
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
