"""Folders by split and class, with an image a file as its own bytes."""

from __future__ import annotations

import csv
import io
from collections import defaultdict
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.exports.plan import folder_names
from imagelake.spreadsheet import cell
from imagelake.transforms.export.byte_files import ending_of
from imagelake.transforms.export.rows import DESCRIBED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pyspark.sql import Column, DataFrame, Row

    from imagelake.transforms.export.dataset import ExportPlan

MOST_IMAGES = 100_000
LISTED = ("file_name", "split", "label", "image_id", *DESCRIBED)
"""The columns of a metadata.csv; file_name is what the `datasets` library calls it."""


def with_paths(plan: ExportPlan) -> DataFrame:
    """The rows of an export with ``file_name``: split/class/number.ending."""
    formats = [row["format"] for row in plan.rows.select("format").distinct().collect()]
    endings = {name or "": ending_of(name) for name in formats}
    return plan.rows.withColumn(
        "file_name",
        F.concat(
            _mapped(folder_names(list(plan.splits)), F.col("split")),
            F.lit("/"),
            _mapped(folder_names(plan.labels), F.col("label")),
            F.lit("/"),
            F.lpad(F.col("row").cast("string"), 7, "0"),
            F.lit("."),
            _mapped(endings, F.coalesce("format", F.lit(""))),
        ),
    )


def _mapped(values: Mapping[str, str], name: Column) -> Column:
    return F.element_at(F.create_map(*(F.lit(text) for pair in values.items() for text in pair)), name)


def list_files(rows: DataFrame) -> list[Row]:
    """What the metadata.csv list of the images, the splits by name; MOST_IMAGES at most."""
    return rows.orderBy("split", "row").select(*LISTED).collect()


def metadata_files(rows: Iterable[Row]) -> dict[str, bytes]:
    """A metadata.csv in the folder of each split, where readers of folders look for it: path -> content.

    It says which image became which file, by its path in that folder, and what is known of the image.
    """
    lines: dict[str, list[list[object]]] = defaultdict(lambda: [list(LISTED)])
    for row in rows:
        folder, _, path = row["file_name"].partition("/")
        lines[folder].append([cell(path), *(cell(row[name]) for name in LISTED[1:])])
    return {f"{folder}/metadata.csv": _csv(table) for folder, table in lines.items()}


def _csv(lines: Iterable[Iterable[object]]) -> bytes:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(lines)
    return file.getvalue().encode()
