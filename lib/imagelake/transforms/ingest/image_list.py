"""Published image lists, CSV or Parquet, to rows of images."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.transforms.ingest import typed_cells as cells
from imagelake.transforms.ingest.image_files import holds_bytes, open_parquet
from imagelake.transforms.ingest.raw_csv import INPUT_FILE, MALFORMED, SOURCE_FILE, name_of_file, read_csv_rows
from imagelake.transforms.rows.earlier_rows import Keys

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from imagelake.transforms.ingest.sources import OpenImagesFiles

IMAGE_CELLS = {
    "ImageID": "image_id",
    "Subset": "split",
    "OriginalURL": "original_url",
    "OriginalLandingURL": "landing_url",
    "License": "license",
    "Author": "author",
    "AuthorProfileURL": "author_profile",
    "Title": "title",
    "Rotation": "rotation",
}


def read_image_lists(spark: SparkSession, published: OpenImagesFiles | None) -> DataFrame:
    """The lines of all image lists of the source as text cells; a folder of photos has none."""
    if published is None:
        return read_csv_rows(spark, [], tuple(IMAGE_CELLS))
    lists = [read_image_parquet(spark, uri) for uri in published.parquet if not holds_bytes(spark, uri)]
    return reduce(
        lambda first, second: first.unionByName(second),
        [read_csv_rows(spark, published.image_lists, tuple(IMAGE_CELLS), line_breaks=True), *lists],
    )


def has_image_lists(spark: SparkSession, published: OpenImagesFiles | None) -> bool:
    """Whether a source lists its images at all; where it does not, those are known whose bytes are there."""
    if published is None:
        return False
    return bool(published.image_lists) or any(not holds_bytes(spark, uri) for uri in published.parquet)


def read_image_parquet(spark: SparkSession, uri: str) -> DataFrame:
    """An image list in Parquet as text cells: columns by their published names in any case, or by ours."""
    frame = open_parquet(spark, uri)
    found = {name.lower(): name for name in frame.columns}
    chosen = {cell: found.get(cell.lower(), found.get(name)) for cell, name in IMAGE_CELLS.items()}
    return frame.select(
        *((F.col(f"`{name}`") if name else F.lit(None)).cast("string").alias(cell) for cell, name in chosen.items()),
        F.input_file_name().alias(INPUT_FILE),
        F.lit(None).cast("string").alias(MALFORMED),
    )


def judge_image_lines(lines: DataFrame) -> DataFrame:
    """Type the lines of image lists and add ``reason``: null for the first line of an image, in file and line order.

    ``source_file`` and ``row``, the line as text, are there for the lines that are dropped.

    Args:
        lines: as from read_image_lists, stored: they are read several times.
    """
    judged = lines.withColumn("reason", cells.line_reason({"missing_image_id": cells.missing("ImageID")}))
    sound, dropped = F.col("reason").isNull(), F.col("reason").isNotNull()
    # Identifiers alone are shuffled: few images have several lines, and a line is long.
    several = judged.where(sound).groupBy("ImageID").count().where("count > 1").select("ImageID")
    repeated = Keys.of(several)
    as_read = {SOURCE_FILE: name_of_file(), "row": cells.cells_as_json(tuple(IMAGE_CELLS))}
    described = judged.withColumns({name: F.when(dropped, value) for name, value in as_read.items()})
    if repeated.count:
        # Lines have no number in Spark; their text decides, independent of partitions.
        row_number = F.row_number().over(Window.partitionBy("ImageID").orderBy(SOURCE_FILE, "row"))
        again = repeated.rows_of(judged.where(sound)).withColumns(as_read).withColumn("row_number", row_number)
        again = again.withColumn("reason", F.when(F.col("row_number") > 1, "duplicate_image_id")).drop("row_number")
        described = repeated.rows_besides(described).unionByName(again.persist(StorageLevel.DISK_ONLY))
    return (
        described.select(*(F.col(cell).alias(name) for cell, name in IMAGE_CELLS.items()), SOURCE_FILE, "reason", "row")
        .withColumn("rotation", cells.number("rotation"))
        .withColumn("split", F.lower("split"))
    )


def rejected_image_lines(judged: DataFrame) -> DataFrame:
    """The dropped lines as rows of images_rejected."""
    return judged.where(F.col("reason").isNotNull()).select(SOURCE_FILE, "reason", "row")
