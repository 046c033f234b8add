"""Typed rows of Open Images annotation lines: labels, boxes, class descriptions; rejected ones with a reason."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.transforms.ingest import typed_cells as cells
from imagelake.transforms.ingest.raw_csv import SOURCE_FILE

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

LABEL_CELLS = ("ImageID", "Source", "LabelName", "Confidence")
COORDINATES = ("XMin", "XMax", "YMin", "YMax")
FLAGS = ("IsOccluded", "IsTruncated", "IsGroupOf", "IsDepiction", "IsInside")
BOX_CELLS = (*LABEL_CELLS, *COORDINATES, *FLAGS)
CLASS_CELLS = ("LabelName", "DisplayName")


def _label_conditions() -> dict[str, Column]:
    return {
        "missing_image_id": cells.missing("ImageID"),
        "missing_label": cells.missing("LabelName"),
        "missing_confidence": cells.missing("Confidence"),
        "confidence_not_a_number": cells.not_a_number("Confidence"),
        "confidence_out_of_range": cells.outside_unit_range("Confidence"),
    }


def _box_conditions() -> dict[str, Column]:
    empty = (cells.number("XMin") >= cells.number("XMax")) | (cells.number("YMin") >= cells.number("YMax"))
    return {
        **_label_conditions(),
        "missing_coordinate": cells.missing(*COORDINATES),
        "coordinate_not_a_number": cells.not_a_number(*COORDINATES),
        "coordinate_out_of_range": cells.outside_unit_range(*COORDINATES),
        "empty_box": empty,
    }


def judge_label_lines(lines: DataFrame) -> DataFrame:
    """Type the lines of image-label files and add ``reason``, null where the line is a label.

    ``origin``, human or machine, is taken from the file's name, else from the line's source.
    """
    said_by_machine = F.when(F.col(SOURCE_FILE).contains("machine"), True).when(
        F.col(SOURCE_FILE).contains("human"), False
    )
    machine = F.coalesce(said_by_machine, F.lower("Source").contains("machine"), F.lit(False))
    return lines.select(
        F.col("ImageID").alias("image_id"),
        F.col("LabelName").alias("label_id"),
        split_of_file().alias("split"),
        F.when(machine, "machine").otherwise("human").alias("origin"),
        F.col("Source").alias("source"),
        cells.number("Confidence").alias("confidence"),
        SOURCE_FILE,
        cells.line_reason(_label_conditions()).alias("reason"),
        cells.cells_as_json(LABEL_CELLS).alias("row"),
    )


def judge_box_lines(lines: DataFrame) -> DataFrame:
    """Type the lines of box files, of 13 or 21 columns, and add ``reason``, null where the line is a box."""
    names = ("x_min", "x_max", "y_min", "y_max")
    flags = ("is_occluded", "is_truncated", "is_group_of", "is_depiction", "is_inside")
    return lines.select(
        F.col("ImageID").alias("image_id"),
        F.col("LabelName").alias("label_id"),
        split_of_file().alias("split"),
        F.col("Source").alias("source"),
        cells.number("Confidence").alias("confidence"),
        *(cells.number(cell).alias(name) for cell, name in zip(COORDINATES, names, strict=True)),
        *(cells.flag(cell).alias(name) for cell, name in zip(FLAGS, flags, strict=True)),
        SOURCE_FILE,
        cells.line_reason(_box_conditions()).alias("reason"),
        cells.cells_as_json(BOX_CELLS).alias("row"),
    )


def judge_class_lines(lines: DataFrame) -> DataFrame:
    """Type class descriptions and add ``reason``, null where the line describes a class.

    A class that several files describe is one class; its name is that of the boxable file, and a line that gives it
    another name is dropped. ``repeated`` marks lines equal to a kept one.
    """
    boxable = F.col(SOURCE_FILE).contains("boxable")
    typed = lines.select(
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


def split_of_file() -> Column:
    """The split that a published file's name begins or continues with; null where it names none."""
    found = F.regexp_extract(F.lower(SOURCE_FILE), r"(?:^|[-_])(train|validation|test)(?:[-_.]|$)", 1)
    return F.when(found != "", found)


def complete(rows: DataFrame, classes: DataFrame, images: DataFrame) -> DataFrame:
    """Add the display name, and the split of the image if the file's name has none (``all`` if neither has)."""
    names = classes.select("label_id", "label")
    splits = images.select("image_id", F.col("split").alias("split_of_image"))
    named = rows.join(F.broadcast(names), "label_id", how="left")
    if named.where(F.col("split").isNull()).isEmpty():
        return named
    return (
        named.join(splits, "image_id", how="left")
        .withColumn("split", F.coalesce("split", "split_of_image", F.lit("all")))
        .drop("split_of_image")
    )


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
