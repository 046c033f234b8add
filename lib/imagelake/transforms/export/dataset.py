"""The plan of an export: its classes, splits and files, and the rows that executors write."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError
from imagelake.exports.plan import PlannedFile, cifar_name, npz_name, parquet_name, plan_files, tar_name
from imagelake.transforms.export.byte_files import (
    SEPARATORS,
    FileStream,
    Resizing,
    cifar_stream,
    file_rows,
    npz_stream,
    tar_stream,
)
from imagelake.transforms.export.class_folders import MOST_IMAGES
from imagelake.transforms.export.rows import number_rows, with_classes, with_files

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.config import ExportSection
    from imagelake.vision.limits import Limits

NAMES = {"huggingface": parquet_name, "webdataset": tar_name, "npz": npz_name, "cifar": cifar_name}
CIFAR_SIDE = 32
CIFAR_ROWS = 10_000


@dataclass(frozen=True)
class ExportPlan:
    """What an export holds.

    Attributes:
        rows: the chosen images with row, class and file.
        labels: the classes by their number.
        counts: images by label and split; the label is empty for images without one.
        splits: images by split.
        files: the planned ones, by the number in rows; none of a format that has a file an image.
    """

    rows: DataFrame
    labels: tuple[str, ...]
    counts: dict[tuple[str, str], int]
    splits: dict[str, int]
    files: tuple[PlannedFile, ...]


def plan_export(chosen: DataFrame, rules: ExportSection) -> ExportPlan:
    """Number the images and plan the files.

    Raises:
        ImageLakeError: there is no image, an image lacks the label that its format needs, or files would be too many.
    """
    counted = chosen.groupBy("label", "split").count().collect()
    counts = {(row["label"] or "", row["split"]): row["count"] for row in counted}
    labels = tuple(sorted({label for label, _ in counts if label}))
    splits: dict[str, int] = {}
    for (_, split), images in sorted(counts.items(), key=lambda item: item[0][1]):
        splits[split] = splits.get(split, 0) + images
    if not splits:
        raise ImageLakeError("there is no image to export: none of those that were chosen can be decoded")
    unlabelled = sum(images for (label, _), images in counts.items() if not label)
    if rules.format in ("cifar", "folders") and unlabelled:
        raise ImageLakeError(
            f"{unlabelled:,} images have no clean label, which export.format={rules.format} needs: "
            "export.images=sample takes labelled ones only, and export.format=npz or webdataset takes all"
        )
    numbered = with_classes(number_rows(chosen, rules.seed).persist(StorageLevel.DISK_ONLY), labels)
    if rules.format == "folders":
        if (images := sum(splits.values())) > MOST_IMAGES:
            raise ImageLakeError(
                f"export.format=folders writes a file an image, {MOST_IMAGES:,} at most, and these are {images:,}: "
                "take export.format=webdataset or huggingface, or fewer images"
            )
        return ExportPlan(numbered, labels, counts, splits, ())
    per_file = CIFAR_ROWS if rules.format == "cifar" else rules.rows_per_file
    files = tuple(plan_files(splits, per_file, NAMES[rules.format]))
    return ExportPlan(with_files(numbered, files, per_file), labels, counts, splits, files)


def resizing_of(rules: ExportSection, limits: Limits) -> Resizing:
    """How the images of an array format become squares.

    Raises:
        ImageLakeError: the format needs a side and has none, or CIFAR another one than its own.
    """
    side = CIFAR_SIDE if rules.format == "cifar" and rules.side == 0 else rules.side
    if rules.format == "cifar" and side != CIFAR_SIDE:
        raise ImageLakeError(
            f"export.side = {rules.side}: the images of export.format=cifar are 32 x 32; leave it at 0"
        )
    if side == 0:
        raise ImageLakeError("export.side = 0: the arrays of export.format=npz need a side in pixels, e.g. 224")
    return Resizing(side, rules.framing, limits)


def byte_rows(plan: ExportPlan, image_bytes: DataFrame, rules: ExportSection, limits: Limits) -> DataFrame:
    """The files of webdataset, npz and cifar as rows of text; see `file_rows`."""
    rows = plan.rows.join(image_bytes, "image_id", how="inner")
    return file_rows(rows, plan.files, _stream(plan, rules, limits), SEPARATORS[rules.format])


def _stream(plan: ExportPlan, rules: ExportSection, limits: Limits) -> FileStream:
    if rules.format == "webdataset":
        return tar_stream
    if rules.format == "npz":
        return npz_stream(resizing_of(rules, limits))
    return cifar_stream(resizing_of(rules, limits), sum(file.split == "train" for file in plan.files))


def parquet_rows(plan: ExportPlan, image_bytes: DataFrame) -> DataFrame:
    """The rows of the Parquet files, a partition a file: image (bytes and path), label and what is known of it."""
    rows = plan.rows.join(image_bytes, "image_id", how="inner")
    label = [F.col("class").cast("bigint").alias("label")] if plan.labels else []
    return (
        rows.repartitionById(len(plan.files), F.col("file"))
        .sortWithinPartitions("row")
        .select(
            F.struct(F.col("content").alias("bytes"), F.col("image_id").alias("path")).alias("image"),
            *label,
            *("image_id", "license", "author", "original_url"),
        )
    )


PARQUET_COLUMNS = {"image_id": "sc:Text", "license": "sc:Text", "author": "sc:Text", "original_url": "sc:URL"}
"""The columns of the Parquet files that Croissant reads as they are, with their types there."""
