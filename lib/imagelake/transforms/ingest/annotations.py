"""Typed rows of Open Images annotation lines: labels, boxes, class descriptions; rejected ones with a reason."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.transforms.ingest import typed_cells as cells
from imagelake.transforms.ingest.raw_csv import SOURCE_FILE, name_of_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame

LABEL_CELLS = ("ImageID", "Source", "LabelName", "Confidence")
COORDINATES = ("XMin", "XMax", "YMin", "YMax")
FLAGS = ("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside")
BOX_CELLS = (*LABEL_CELLS, *COORDINATES, *FLAGS)
CLASS_CELLS = ("LabelName", "DisplayName")
OF_LINES = (SOURCE_FILE, "reason", "row")  # of a judged line; null where it is sound


def _label_conditions() -> dict[str, Column]:
    return {
        "missing_image_id": cells.missing("ImageID"),
        "missing_label": cells.missing("LabelName"),
        "missing_confidence": cells.missing("Confidence"),
        "confidence_not_a_number": cells.not_a_number("Confidence"),
        "confidence_out_of_range": cells.outside_unit_range("Confidence"),
    }


def _box_conditions() -> dict[str, Column]:
    empty = (cells.number_of("XMin") >= cells.number_of("XMax")) | (cells.number_of("YMin") >= cells.number_of("YMax"))
    return {
        **_label_conditions(),
        "missing_coordinate": cells.missing(*COORDINATES),
        "coordinate_not_a_number": cells.not_a_number(*COORDINATES),
        "coordinate_out_of_range": cells.outside_unit_range(*COORDINATES),
        "empty_box": empty,
    }


class FileName(NamedTuple):
    """What the name of an annotation file says of its lines; None where it says nothing.

    Attributes:
        split: that the name begins or continues with.
        origin: human or machine.
    """

    split: str | None = None
    origin: str | None = None

    @classmethod
    def of(cls, name: str) -> FileName:
        """Read a name."""
        split = re.search(r"(?:^|[-_])(train|validation|test)(?:[-_.]|$)", name.lower())
        origin = next((origin for origin in ("machine", "human") if origin in name), None)
        return cls(split and split[1], origin)


def judge_label_lines(lines: DataFrame, file_name: FileName) -> DataFrame:
    """Type the lines of image-label files and add ``reason``, null where the line is a label.

    ``origin``, human or machine, is taken from the files' name, else from the line's source.
    """
    by_source = F.when(F.lower("Source").contains("machine"), "machine").otherwise("human")
    return _judged(cells.with_numbers(lines, "Confidence"), _label_conditions(), LABEL_CELLS).select(
        F.col("ImageID").alias("image_id"),
        F.col("LabelName").alias("label_id"),
        F.lit(file_name.split).cast("string").alias("split"),
        (F.lit(file_name.origin) if file_name.origin else by_source).alias("origin"),
        F.col("Source").alias("source"),
        cells.number_of("Confidence").alias("confidence"),
        *OF_LINES,
    )


def judge_box_lines(lines: DataFrame, file_name: FileName) -> DataFrame:
    """Type the lines of box files, of 13 or 21 columns, and add ``reason``, null where the line is a box."""
    names = ("x_min", "x_max", "y_min", "y_max")
    flags = ("is_occluded", "is_truncated", "is_group_of", "is_depiction", "is_inside")
    return _judged(cells.with_numbers(lines, "Confidence", *COORDINATES), _box_conditions(), BOX_CELLS).select(
        F.col("ImageID").alias("image_id"),
        F.col("LabelName").alias("label_id"),
        F.lit(file_name.split).cast("string").alias("split"),
        F.col("Source").alias("source"),
        cells.number_of("Confidence").alias("confidence"),
        *(cells.number_of(cell).alias(name) for cell, name in zip(COORDINATES, names, strict=True)),
        *(cells.flag(cell).alias(name) for cell, name in zip(FLAGS, flags, strict=True)),
        *OF_LINES,
    )


def _judged(lines: DataFrame, conditions: Mapping[str, Column], named: Sequence[str]) -> DataFrame:
    """The lines with ``reason``, and where there is one with ``source_file`` and ``row``, the line as text."""
    judged, dropped = lines.withColumn("reason", cells.line_reason(conditions)), F.col("reason").isNotNull()
    as_read = {SOURCE_FILE: name_of_file(), "row": cells.cells_as_json(named)}
    return judged.withColumns({name: F.when(dropped, value) for name, value in as_read.items()})


def judge_class_lines(lines: DataFrame) -> DataFrame:
    """Type class descriptions and add ``reason``, null where the line describes a class.

    A class that several files describe is one class; its name is that of the boxable file, and a line that gives it
    another name is dropped. ``repeated`` marks lines equal to a kept one.
    """
    boxable = F.col(SOURCE_FILE).contains("boxable")
    typed = lines.withColumn(SOURCE_FILE, name_of_file()).select(
        F.col("LabelName").alias("label_id"),
        F.col("DisplayName").alias("label"),
        boxable.alias("in_boxable_file"),
        SOURCE_FILE,
        cells.line_reason(
            {"missing_label": cells.missing("LabelName"), "missing_name": cells.missing("DisplayName")}
        ).alias("reason"),
        cells.cells_as_json(CLASS_CELLS).alias("row"),
    )
    of_class = Window.partitionBy("label_id", F.col("reason").isNull())
    first = of_class.orderBy(F.desc("in_boxable_file"), F.asc(SOURCE_FILE), F.asc("label"))
    sound = F.col("reason").isNull()
    return (
        typed.withColumn("boxable", F.max("in_boxable_file").over(of_class))
        .withColumn("kept_name", F.first("label").over(first))
        .withColumn("repeated", sound & (F.row_number().over(first) > 1) & (F.col("label") == F.col("kept_name")))
        .withColumn(
            "reason",
            F.when(sound & (F.col("label") != F.col("kept_name")), "other_name_for_class").otherwise(F.col("reason")),
        )
        .drop("kept_name", "in_boxable_file")
    )


def complete(rows: DataFrame, classes: DataFrame, images: DataFrame | None) -> DataFrame:
    """Add the display name, and the split of the image if the file's name has none (``all`` if neither has).

    Args:
        rows: sound lines of labels or boxes.
        classes: the classes table.
        images: the images table; None where each file's name has a split.
    """
    named = rows.join(F.broadcast(classes.select("label_id", "label")), "label_id", how="left")
    if images is None:
        return named
    # Only the lines of a few files lack a split, so that the others need no shuffle.
    splits = images.select("image_id", F.col("split").alias("split_of_image"))
    found = (
        named.where(F.col("split").isNull())
        .drop("split")
        .join(splits, "image_id", how="left")
        .withColumn("split", F.coalesce("split_of_image", F.lit("all")))
        .drop("split_of_image")
    )
    return named.where(F.col("split").isNotNull()).unionByName(found)


def labels_of_boxes(boxes: DataFrame) -> DataFrame:
    """The labels that boxes give their images, as rows of labels: one an image, label and split.

    Args:
        boxes: the boxes table; their confidence is the highest, their source the first by name.
    """
    return (
        boxes.groupBy("image_id", "label_id", "label", "split")
        .agg(F.min("source").alias("source"), F.max("confidence").alias("confidence"))
        .select("image_id", "label_id", "label", "split", F.lit("human").alias("origin"), "source", "confidence")
    )


def rejected_lines(judged: DataFrame, table_name: str) -> DataFrame:
    """The dropped lines as rows of annotations_rejected."""
    return judged.where(F.col("reason").isNotNull()).select(
        F.lit(table_name).alias("table_name"), SOURCE_FILE, "reason", "row"
    )
