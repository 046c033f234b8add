"""LabelImg's XML files beside photos: labels of their images, and boxes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.tables import TABLES
from imagelake.transforms.ingest.typed_cells import flag, number
from imagelake.transforms.ingest.voc_xml import COORDINATES, VocError, read_annotation
from imagelake.transforms.rows.verdicts import first_reason, kept, rejected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame

OF_BOXES = ("missing_coordinate", "coordinate_not_a_number", "missing_size", "coordinate_out_of_range", "empty_box")
XML_NAME = r"(?i)\.xml$"
OBJECT = ("name", "truncated", "difficult", *COORDINATES)
LINES = pa.schema(
    {
        "relative": pa.string(),
        "filename": pa.string(),
        "verified": pa.bool_(),
        **{name: pa.string() for name in ("xml_width", "xml_height", *OBJECT, "problem")},
    }
)


def read_voc_lines(contents: DataFrame) -> DataFrame:
    """One row an object of the files, and one with ``problem`` for a file that is no annotation.

    A file without an object has no row.

    Args:
        contents: relative (the path below the source's folder) and content.
    """

    def parse(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            pairs = zip(batch["relative"].to_pylist(), batch["content"].to_pylist(), strict=True)
            yield pa.RecordBatch.from_pylist([row for pair in pairs for row in lines_of(*pair)], schema=LINES)

    return contents.select("relative", "content").mapInArrow(parse, from_arrow_schema(LINES))


def lines_of(relative: str, content: bytes) -> list[dict[str, Any]]:
    """The rows of one file."""
    try:
        found = read_annotation(content)
    except VocError as error:
        return [{"relative": relative, "problem": str(error)}]
    shared = {
        "relative": relative,
        "filename": found.filename,
        "verified": found.verified,
        "xml_width": found.width,
        "xml_height": found.height,
    }
    return [{**shared, **{name: one.get(name) or None for name in OBJECT}} for one in found.objects]


def judge_voc_lines(lines: DataFrame, images: DataFrame) -> DataFrame:
    """The objects with the image beside their file, box, and ``reason``, null where all is sound.

    Boxes are shares of the size that the file states, else of the image's own. The image has the file's name but for
    the ending; of several the one that the annotation names, else the first by name.

    Args:
        lines: as `read_voc_lines` gives them.
        images: the images table.
    """
    stem = F.regexp_replace("image_id", r"\.[^./]*$", "")
    beside = images.where("has_bytes").select(
        stem.alias("stem"), "image_id", "split", F.col("width").alias("own_width"), F.col("height").alias("own_height")
    )
    name = F.element_at(F.split("image_id", "/"), -1)
    keyed = lines.withColumn("stem", F.regexp_replace("relative", XML_NAME, ""))
    files = keyed.select("stem", "relative", "filename").distinct()
    best = F.min(F.struct((~F.coalesce(name == F.col("filename"), F.lit(False))).alias("other"), *beside.columns[1:]))
    chosen = files.join(beside, "stem", how="inner").groupBy("relative").agg(best.alias("best"))
    joined = keyed.join(chosen.select("relative", "best.*"), "relative", how="left")
    width, height = (
        F.coalesce(_size(f"xml_{side}"), F.col(f"own_{side}").cast("double")) for side in ("width", "height")
    )
    shares = {"x_min": ("xmin", width), "x_max": ("xmax", width), "y_min": ("ymin", height), "y_max": ("ymax", height)}
    boxed = joined.withColumns({share: number(cell) / side for share, (cell, side) in shares.items()})
    reason = F.coalesce("problem", first_reason(_conditions(width)))
    return boxed.withColumns({"reason": reason, "row": F.to_json(F.struct("relative", *OBJECT))})


def _size(cell: str) -> Column:
    """A stated side in pixels; null where it is none."""
    return F.when(number(cell) > 0, number(cell))


def _conditions(width: Column) -> dict[str, Column]:
    """Reason -> whether it holds, the first one counts."""
    some = F.greatest(*(F.col(cell).isNotNull().cast("int") for cell in COORDINATES)) == 1
    missing = F.least(*(F.col(cell).isNotNull().cast("int") for cell in COORDINATES)) == 0
    unreadable = F.greatest(*((F.col(cell).isNotNull() & number(cell).isNull()).cast("int") for cell in COORDINATES))
    shares = [F.col(share) for share in ("x_min", "x_max", "y_min", "y_max")]
    outside = (F.least(*shares) < 0) | (F.greatest(*shares) > 1)
    empty = (F.col("x_min") >= F.col("x_max")) | (F.col("y_min") >= F.col("y_max"))
    return {
        "missing_image": F.col("image_id").isNull(),
        "missing_label": F.col("name").isNull(),
        "missing_coordinate": some & missing,
        "coordinate_not_a_number": unreadable == 1,
        "missing_size": some & width.isNull(),
        "coordinate_out_of_range": F.coalesce(outside, F.lit(False)),
        "empty_box": F.coalesce(empty, F.lit(False)),
    }


def with_names_of_files(images: DataFrame, judged: DataFrame) -> DataFrame:
    """What images are called: by the sound objects of their file, else by the source, once each.

    Args:
        images: image_id, split, has_bytes, source_label and source.
        judged: as `judge_voc_lines` gives it.
    """
    named = (
        kept(judged)
        .groupBy("image_id", "split", F.col("name").alias("source_label"))
        .agg(
            F.lit(True).alias("has_bytes"),
            F.when(F.max("verified"), "labelimg_verified").otherwise("labelimg").alias("source"),
        )
    )
    others = images.join(named.select("image_id").distinct(), "image_id", how="left_anti")
    return others.select(*named.columns).unionByName(named)


def voc_boxes(judged: DataFrame, label_of_name: Mapping[str, str]) -> DataFrame:
    """The boxes table, of the sound objects that have one.

    Args:
        judged: as `judge_voc_lines` gives it.
        label_of_name: the label of each name of an object.
    """
    labels = judged.sparkSession.createDataFrame(list(label_of_name.items()), "name string, label string")
    unknown = {name: F.lit(-1) for name in ("is_occluded", "is_group_of", "is_depiction", "is_inside")}
    return (
        kept(judged)
        .where("x_min IS NOT NULL")
        .join(F.broadcast(labels), "name", how="inner")
        .withColumns(
            {
                "label_id": F.col("label"),
                "source": F.when(F.col("verified"), "labelimg_verified").otherwise("labelimg"),
                "confidence": F.lit(1.0),
                "is_truncated": flag("truncated"),
                **unknown,
            }
        )
        .select(*(column.name for column in TABLES["boxes"].columns))
    )


def rejected_objects(judged: DataFrame) -> DataFrame:
    """The other objects and files as rows of annotations_rejected: by the table that they would have gone to."""
    table = F.when(F.col("reason").isin(*OF_BOXES), "boxes").otherwise("labels")
    file = F.element_at(F.split("relative", "/"), -1)
    return rejected(judged).select(table.alias("table_name"), file.alias("source_file"), "reason", "row")
