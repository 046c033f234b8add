"""The rows of an export: chosen images with their classes, numbered within their splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.rows.row_numbers import add_row_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

    from imagelake.exports.plan import PlannedFile

DESCRIBED = ("license", "author", "original_url", "landing_url", "title")
UNKNOWN = -1  # the class of an image without a label


def number_rows(images: DataFrame, seed: int) -> DataFrame:
    """The images in a random order within each split, which depends on the seed alone.

    Args:
        images: image_id, split, label and the columns of DESCRIBED, each image once.
        seed: of the order.

    Returns:
        The images with row, from 1 in each split.
    """
    hashed = F.xxhash64(F.col("image_id"), F.lit(seed))
    return add_row_numbers(images, "row", (hashed, F.col("image_id")), within=("split",))


def with_classes(rows: DataFrame, labels: Sequence[str]) -> DataFrame:
    """Add ``class``: the position of each label among the labels; -1 for an image without one."""
    numbers = rows.sparkSession.createDataFrame(list(enumerate(labels)), "class int, label string")
    joined = rows.join(F.broadcast(numbers), "label", how="left")
    return joined.withColumn("class", F.coalesce("class", F.lit(UNKNOWN)))


def with_files(rows: DataFrame, files: Sequence[PlannedFile], rows_per_file: int) -> DataFrame:
    """Add ``file``: the position of each row's file among the planned ones."""
    starts = {file.split: number for number, file in reversed(list(enumerate(files)))}
    first = F.create_map(*(cell for split, start in starts.items() for cell in (F.lit(split), F.lit(start))))
    number = F.floor((F.col("row") - 1) / F.lit(rows_per_file)).cast("int")
    return rows.withColumn("file", F.element_at(first, F.col("split")) + number)
