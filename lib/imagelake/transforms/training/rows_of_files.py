"""Rows of features in files, as the tables that a classifier of a lake is trained from.

Letters: D features.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import functions as F
from pyspark.sql.types import NumericType

from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.tables import TABLES
from imagelake.transforms.rows.features import feature_list

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame


@dataclass(frozen=True)
class FileColumns:
    """What the columns of files are, as [train] names them.

    Attributes:
        image_id: a name for each row; rows are numbered where there is no such column.
        label: the label; rows without one are not learnt from.
        split: train, validation, test and the like; all rows are of train where there is no such column.
        features: a column of lists; f* for the columns f0, f1 and so on; empty for each column of numbers that is
            neither named here nor dropped.
        dropped: columns that are no features, where features is empty.
    """

    image_id: str
    label: str
    split: str
    features: str
    dropped: tuple[str, ...]


class ImageTables(NamedTuple):
    """What `choose_images` takes.

    Attributes:
        labels: image_id, label, split.
        tables: those of CHOSEN_FROM.
    """

    labels: DataFrame
    tables: Mapping[str, DataFrame]


def tables_of_rows(rows: DataFrame, columns: FileColumns) -> ImageTables:
    """The labels, features and images of rows of files; rows of equal features are images of equal bytes.

    Rows with a feature that is no finite number have no usable features, as images that could not be decoded.

    Args:
        rows: of files, a row an image.
        columns: of them.

    Raises:
        ImageLakeError: the label or the features are not there, or a column to drop.
    """
    if columns.label not in rows.columns:
        raise ImageLakeError(f"train.label_column: {unknown_choice('column', columns.label, rows.columns)}")
    features = _features(rows, columns)
    if features is None:
        raise ImageLakeError(f"train.features_column: {unknown_choice('column', columns.features, rows.columns)}")
    has_split, has_id = (name in rows.columns for name in (columns.split, columns.image_id))
    named = rows.select(
        (F.col(f"`{columns.image_id}`") if has_id else F.monotonically_increasing_id())
        .cast("string")
        .alias("image_id"),
        F.col(f"`{columns.label}`").cast("string").alias("label"),
        (F.col(f"`{columns.split}`") if has_split else F.lit("train")).cast("string").alias("split"),
        features.cast("array<float>").alias("features"),
    )
    broken = F.exists("features", lambda one: one.isNull() | F.isnan(one) | (F.abs(one) == float("inf")))
    spark = rows.sparkSession
    predictions = named.select(
        "image_id", "features", F.when(F.col("features").isNull() | broken, F.lit("not_finite")).alias("error")
    )
    images = named.select("image_id", F.xxhash64("features").cast("string").alias("sha256"), F.lit("").alias("license"))
    empty = {name: spark.createDataFrame([], TABLES[name].ddl) for name in ("hierarchy", "duplicate_groups")}
    labels = named.where("label IS NOT NULL").select("image_id", "label", "split")
    return ImageTables(labels, {"predictions": predictions, "images": images, **empty})


def _features(rows: DataFrame, columns: FileColumns) -> Column | None:
    if columns.features:
        return feature_list(rows, columns.features, "train.features_column")
    others = {columns.image_id, columns.label, columns.split, *_known(columns.dropped, rows.columns)}
    numbers = [
        field.name for field in rows.schema if isinstance(field.dataType, NumericType) and field.name not in others
    ]
    return F.array(*(F.col(f"`{name}`").cast("float") for name in numbers)) if numbers else None


def _known(dropped: Sequence[str], names: Sequence[str]) -> Sequence[str]:
    for name in dropped:
        if name not in names:
            raise ImageLakeError(f"train.drop_columns: {unknown_choice('column', name, names)}")
    return dropped
