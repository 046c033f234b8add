"""The annotations of a source: published Open Images files, or the class folders of photos."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, NamedTuple

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.tables import TABLES
from imagelake.transforms.ingest import annotations as lines_of
from imagelake.transforms.ingest.folder_coverage import class_folder_table, folder_notes
from imagelake.transforms.ingest.folder_labels import class_folders, folder_labels
from imagelake.transforms.ingest.raw_csv import read_csv_rows
from imagelake.transforms.ingest.sources import CLASS_HEADERS
from imagelake.transforms.ingest.voc_annotations import rejected_objects, voc_boxes, with_names_of_files
from imagelake.transforms.labels.label_classes import LabelRules
from imagelake.transforms.labels.label_hierarchy import DescribedHierarchy, hierarchy_table
from imagelake.transforms.rows.verdicts import kept

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from imagelake.config import LabelsFromBoxes
    from imagelake.taxonomy.hierarchy import Hierarchy
    from imagelake.transforms.ingest.raw_csv import CsvFile
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


def read_open_images(
    images: DataFrame,
    found: OpenImagesFiles,
    hierarchy: Hierarchy | None,
    labels_from_boxes: LabelsFromBoxes,
    keep: Callable[[str, DataFrame], DataFrame],
) -> Annotations:
    """Read published Open Images files, each once.

    Args:
        images: the images table, which has the split of those whose annotations do not say it.
        found: the files.
        hierarchy: as read from its file; None where there is none.
        labels_from_boxes: whether the labels of boxes are those of their images, too; auto: where no file has labels.
        keep: stores the typed lines of a table, which several steps read.
    """
    spark = images.sparkSession
    judged = {
        "classes": lines_of.judge_class_lines(_class_lines(spark, found)).persist(StorageLevel.DISK_ONLY),
        "labels": keep("labels", _judged_lines(spark, found.labels, lines_of.LABEL_CELLS, lines_of.judge_label_lines)),
        "boxes": keep("boxes", _judged_lines(spark, found.boxes, lines_of.BOX_CELLS, lines_of.judge_box_lines)),
    }
    classes = kept(judged["classes"]).where(~F.col("repeated")).select("label_id", "label", "boxable")
    described = _described(classes, hierarchy)
    counts = _count_lines(judged)
    labels, boxes = (
        lines_of.complete(_typed(judged[name]), classes, images if counts[name].without_split else None)
        for name in ("labels", "boxes")
    )
    lines = {name: of_table.lines for name, of_table in counts.items()}
    notes = {"other CSV files, not read": ", ".join(found.others)} if found.others else {}
    if found.boxes and (labels_from_boxes == "always" or (labels_from_boxes == "auto" and not found.labels)):
        of_boxes = lines_of.labels_of_boxes(boxes).persist(StorageLevel.DISK_ONLY)
        labels, number = labels.unionByName(of_boxes), of_boxes.count()
        lines["labels"] += number
        why = "" if found.labels else ", since no file has labels"
        notes["labels from boxes"] = f"{number:,}{why} (source.labels_from_boxes = {labels_from_boxes})"
    return Annotations(
        classes=classes,
        hierarchy=hierarchy_table(spark, described),
        labels=labels,
        boxes=boxes,
        class_folders=spark.createDataFrame([], TABLES["class_folders"].ddl),
        rejected=reduce(_union, (lines_of.rejected_lines(rows, name) for name, rows in judged.items())),
        lines=lines,
        repeated={"classes": {"repeated": counts["classes"].repeated}},
        notes=notes | (described.notes() if described else {}),
    )


def _judged_lines(
    spark: SparkSession,
    files: Iterable[CsvFile],
    cells: Sequence[str],
    judge: Callable[[DataFrame, lines_of.FileName], DataFrame],
) -> DataFrame:
    """The lines of annotation files; those whose names say the same are read together."""
    alike: dict[lines_of.FileName, list[CsvFile]] = defaultdict(list)
    for file in files:
        alike[lines_of.FileName.of(file.name)].append(file)
    # Of no file no line has the columns all the same.
    read = alike or {lines_of.FileName(): []}
    return reduce(_union, (judge(read_csv_rows(spark, some, cells), name) for name, some in read.items()))


class _LineCounts(NamedTuple):
    """The lines of a table: all of them, sound ones without a split, and sound ones that repeat another one."""

    lines: int = 0
    without_split: int = 0
    repeated: int = 0


def _count_lines(judged: Mapping[str, DataFrame]) -> dict[str, _LineCounts]:
    """Count the lines of all tables in one Spark query."""
    sound = F.col("reason").isNull()
    marked = {
        name: rows.select(
            F.lit(name).alias("table_name"),
            (sound & F.col("split").isNull() if "split" in rows.columns else F.lit(False)).alias("without_split"),
            (sound & F.col("repeated") if "repeated" in rows.columns else F.lit(False)).alias("repeated"),
        )
        for name, rows in judged.items()
    }
    counted = (
        reduce(_union, marked.values())
        .groupBy("table_name")
        .agg(
            F.count("*").alias("lines"),
            F.count_if("without_split").alias("without_split"),
            F.count_if("repeated").alias("repeated"),
        )
    )
    found = {name: _LineCounts(*counts) for name, *counts in counted.collect()}
    return {name: found.get(name, _LineCounts()) for name in judged}


def _class_lines(spark: SparkSession, found: OpenImagesFiles) -> DataFrame:
    """The lines of all class descriptions, whatever their header calls the two cells."""
    lines = read_csv_rows(spark, found.classes, lines_of.CLASS_CELLS, header=False)
    for header in CLASS_HEADERS:
        files = [file for file in found.headed_classes if file.has(*header)]
        renamed = dict(zip(header, lines_of.CLASS_CELLS, strict=True))
        lines = lines.unionByName(read_csv_rows(spark, files, header).withColumnsRenamed(renamed))
    return lines


def _described(classes: DataFrame, hierarchy: Hierarchy | None) -> DescribedHierarchy | None:
    """The hierarchy with the names of its classes, of which there are thousands at most."""
    if hierarchy is None:
        return None
    rows = classes.collect()
    boxable = {row["label_id"] for row in rows if row["boxable"]}
    return DescribedHierarchy(hierarchy, {row["label_id"]: row["label"] for row in rows}, boxable)


def _typed(judged: DataFrame) -> DataFrame:
    return kept(judged).drop("source_file", "row")


def _union(first: DataFrame, second: DataFrame) -> DataFrame:
    return first.unionByName(second)


def read_class_folders(images: DataFrame, rules: LabelRules, voc: DataFrame | None = None) -> Annotations:
    """Label photos by the folders in which they lie, and images of arrays by the labels that these have.

    Args:
        images: the images table, and source: what the labels' source is called.
        rules: what says which label such a name means.
        voc: the judged objects of LabelImg's files, which name their images instead; None where there are no files.
    """
    if voc is not None:
        images = with_names_of_files(images, voc)
    spark, folders, found = images.sparkSession, rules.folder_names(rules.narrower_labels), class_folders(images)
    meanings = [folders.meaning(folder) for folder in found]
    label_of_name = {meaning.folder: meaning.label for meaning in meanings}
    labels = folder_labels(images, label_of_name).persist(StorageLevel.DISK_ONLY)
    boxes = spark.createDataFrame([], TABLES["boxes"].ddl)
    rejects = spark.createDataFrame([], TABLES["annotations_rejected"].ddl)
    lines, repeated = {"classes": 0, "labels": labels.count(), "boxes": 0}, 0
    if voc is not None:
        boxes, rejects = voc_boxes(voc, label_of_name), rejected_objects(voc)
        objects = kept(voc)
        repeated = objects.count() - objects.select("image_id", "name").distinct().count()
        lines["labels"] += repeated + rejects.where("table_name = 'labels'").count()
        lines["boxes"] = boxes.count() + rejects.where("table_name = 'boxes'").count()
    names = sorted({meaning.label for meaning in meanings})
    return Annotations(
        classes=spark.createDataFrame([(name, name, False) for name in names], TABLES["classes"].ddl),
        hierarchy=hierarchy_table(spark, None),
        labels=labels,
        boxes=boxes,
        class_folders=class_folder_table(spark, found, meanings, rules.class_names),
        rejected=rejects,
        lines={**lines, "classes": len(names)},
        repeated={"labels": {"repeated": repeated}} if repeated else {},
        notes=folder_notes(meanings),
    )
