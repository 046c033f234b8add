"""The sets that shift is measured between: splits of the lake, other lakes, or files of features and predictions."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.lake.lake import Lake
from imagelake.lake.storage import to_uri
from imagelake.runtime.resolve.feature_files import (
    FEATURE_FILES,
    NPY,
    ROWS_AT_ONCE,
    array_shapes,
    binary_files,
    feature_rows,
    names_in,
)
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
JSON, CLASS_INFO = ".json", "class_info.json"
TRAIN = "train"


def is_path(name: str) -> bool:
    """Whether a set is named by a path, local or not; else it is a split of the lake."""
    return "/" in name or name.endswith(FEATURE_FILES)


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
        if path.endswith(FEATURE_FILES) or not self.lake.storage.is_folder(uri):
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
        """The rows of files: predictions as ImageNetV2 publishes them, where a list of images is beside their folder.

        Raises:
            ImageLakeError: they are of no format that is read.
        """
        uri, lake, rules = to_uri(path), self.lake, self.config.shift
        arrays = [name for name in names_in(lake, path) if name.endswith(NPY)]
        if arrays and lake.storage.exists(f"{uri}{JSON}"):
            return _published_predictions(lake, uri, arrays, rules).persist(StorageLevel.DISK_ONLY)
        return feature_rows(lake, path, rules.features_column)


def _references(counts: DataFrame | None) -> frozenset[str]:
    """The lakes that overlap_counts compares with."""
    if counts is None:
        return frozenset()
    return frozenset(row["reference"] for row in counts.select("reference").distinct().collect())


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
    for name, (shape, _) in array_shapes(lake, uri, files).items():
        if shape[0] != len(ids):
            raise ImageLakeError(f"{uri}/{name} has {shape[0]:,} rows, and {list_file} lists {len(ids):,} images")

    def rows(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        for batch in batches:
            for path, content in zip(batch["path"], batch["content"], strict=True):
                predicted = np.load(io.BytesIO(content), allow_pickle=False)
                best = predicted if predicted.ndim == 1 else predicted[:, 0]
                model = str(path).rpartition("/")[2].removesuffix(NPY)
                said = [names.get(number, f"class {number}") for number in best.tolist()]
                for at in range(0, len(ids), ROWS_AT_ONCE):
                    part = slice(at, at + ROWS_AT_ONCE)
                    yield pd.DataFrame(
                        {"model": model, "image_id": ids[part], "label": labels[part], "prediction": said[part]}
                    )

    found = binary_files(lake, uri, f"*{NPY}").repartition(len(files))
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
