"""The annotations of a source: published Open Images files, or the class folders of photos."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.tables import TABLES
from imagelake.transforms.ingest import annotations as lines_of
from imagelake.transforms.ingest.folder_coverage import class_folder_table, folder_notes
from imagelake.transforms.ingest.folder_labels import class_folders, folder_labels
from imagelake.transforms.ingest.raw_csv import read_csv_rows
from imagelake.transforms.labels.label_classes import LabelRules
from imagelake.transforms.labels.label_hierarchy import hierarchy_table
from imagelake.transforms.rows.verdicts import kept

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.taxonomy.hierarchy import Hierarchy
    from imagelake.transforms.ingest.sources import OpenImagesFiles


@dataclass(frozen=True)
class Annotations:
    """The tables of a source's annotations, and the counts for their accounts.

    ``lines`` is the number of lines read for each table; ``repeated`` the number of lines that repeat another one.
    """

    classes: DataFrame
    hierarchy: DataFrame
    labels: DataFrame
    boxes: DataFrame
    class_folders: DataFrame
    rejected: DataFrame
    lines: dict[str, int]
    repeated: dict[str, dict[str, int]] = field(default_factory=dict)
    notes: dict[str, str] = field(default_factory=dict)


def read_open_images(images: DataFrame, found: OpenImagesFiles, hierarchy: Hierarchy | None) -> Annotations:
    """Read published Open Images files.

    Args:
        images: the images table, which has the split of those whose annotations do not say it.
        found: the files.
        hierarchy: as read from its file; None where there is none.
    """
    spark = images.sparkSession
    class_lines = read_csv_rows(spark, found.headed_classes, lines_of.CLASS_CELLS).unionByName(
        read_csv_rows(spark, found.classes, lines_of.CLASS_CELLS, header=False)
    )
    judged = {
        "classes": lines_of.judge_class_lines(class_lines),
        "labels": lines_of.judge_label_lines(read_csv_rows(spark, found.labels, lines_of.LABEL_CELLS)),
        "boxes": lines_of.judge_box_lines(read_csv_rows(spark, found.boxes, lines_of.BOX_CELLS)),
    }
    judged = {name: rows.persist(StorageLevel.DISK_ONLY) for name, rows in judged.items()}
    sound = kept(judged["classes"])
    classes = sound.where(~F.col("repeated")).select("label_id", "label", "boxable")
    names = {row["label_id"]: row["label"] for row in classes.collect()}
    return Annotations(
        classes=classes,
        hierarchy=hierarchy_table(spark, hierarchy, names),
        labels=lines_of.complete(_typed(judged["labels"]), classes, images),
        boxes=lines_of.complete(_typed(judged["boxes"]), classes, images),
        class_folders=spark.createDataFrame([], TABLES["class_folders"].ddl),
        rejected=reduce(_union, (lines_of.rejected_lines(rows, name) for name, rows in judged.items())),
        lines={name: rows.count() for name, rows in judged.items()},
        repeated={"classes": {"repeated": sound.where("repeated").count()}},
        notes={"other CSV files, not read": ", ".join(found.others)} if found.others else {},
    )


def _typed(judged: DataFrame) -> DataFrame:
    return kept(judged).drop("source_file", "row")


def _union(first: DataFrame, second: DataFrame) -> DataFrame:
    return first.unionByName(second)


def read_class_folders(images: DataFrame, rules: LabelRules) -> Annotations:
    """Label photos by the folders in which they lie.

    Args:
        images: the images table of a folder of photos.
        rules: what says which label a folder means.
    """
    spark, folders, found = images.sparkSession, rules.folder_names(rules.narrower_labels), class_folders(images)
    meanings = [folders.meaning(folder) for folder in found]
    labels = folder_labels(images, {meaning.folder: meaning.label for meaning in meanings})
    names = sorted({meaning.label for meaning in meanings})
    return Annotations(
        classes=spark.createDataFrame([(name, name, False) for name in names], TABLES["classes"].ddl),
        hierarchy=hierarchy_table(spark, None, {}),
        labels=labels,
        boxes=spark.createDataFrame([], TABLES["boxes"].ddl),
        class_folders=class_folder_table(spark, found, meanings, rules.class_names),
        rejected=spark.createDataFrame([], TABLES["annotations_rejected"].ddl),
        lines={"classes": len(names), "labels": labels.count(), "boxes": 0},
        notes=folder_notes(meanings),
    )
