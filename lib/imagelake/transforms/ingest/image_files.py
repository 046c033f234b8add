"""Image bytes from files in folders or a binary column of Parquet; one row a file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_pattern
from imagelake.transforms.ingest.sources import METADATA_NAME, OpenImagesFiles, Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from imagelake.config import ImagesSection

IMAGE_NAME = r"(?i)\.(jpe?g|jfif|png|webp|gif|bmp|tiff?|ppm|pgm|pbm|pnm)$"
SPLIT_FOLDERS = {
    "train": "train",
    "validation": "validation",
    "val": "validation",
    "valid": "validation",
    "test": "test",
}


@dataclass(frozen=True)
class FoundImages:
    """The files of a source, by what becomes of them.

    ``described`` holds every image file that gets a row of images, without its bytes; ``packed`` those of them whose
    bytes are packed, with content; ``rejected`` what is no image file, or has the identifier of another.
    """

    files: DataFrame
    described: DataFrame
    packed: DataFrame
    rejected: DataFrame


def find_images(spark: SparkSession, source: Source, max_bytes: int, error_on_no_images: bool) -> FoundImages:
    """Find the image bytes of a source.

    Args:
        spark: the session.
        source: where to look.
        max_bytes: larger files are not packed.
        error_on_no_images: whether a source without any image is an error.

    Raises:
        ImageLakeError: there is no image at all, and that is an error.
    """
    found = read_folder_files(spark, source.folder, source.empty_files)
    files = _open_images(found, source.published) if source.published else _folder_of_photos(found)
    images = files.where(F.col("reason").isNull())
    kept, repeated = unrepeated(images.drop("reason"))
    fits = F.col("length") <= max_bytes
    described = kept.drop("content").withColumn("error", F.when(~fits, "too_many_bytes"))
    if error_on_no_images and described.isEmpty():
        raise ImageLakeError(
            f"{source.folder}: no image is here; "
            "images end in .jpg, .jpeg, .png, .webp, .gif, .bmp, .tif, .ppm, .avif, .heic"
        )
    rejected = files.where(F.col("reason").isNotNull()).unionByName(
        repeated.withColumn("reason", F.lit("duplicate_image_id"))
    )
    return FoundImages(files, described, kept.where(fits), rejected)


def _folder_of_photos(found: DataFrame) -> DataFrame:
    files = identify(found, by_stem=False)
    return files.withColumn("reason", F.when(~F.col("path").rlike(IMAGE_NAME), "other_file")).drop("relative")


def _open_images(found: DataFrame, published: OpenImagesFiles) -> DataFrame:
    """Files in folders, named by their ImageID, and Parquet with a binary column; metadata files are no images."""
    loose = identify(found, by_stem=True).where(~F.col("path").rlike(METADATA_NAME))
    loose = loose.withColumn("reason", F.when(~F.col("path").rlike(IMAGE_NAME), "other_file")).drop("relative")
    spark = found.sparkSession
    packed = [read_bytes_parquet(spark, uri) for uri in published.parquet if holds_bytes(spark, uri)]
    return reduce(lambda first, second: first.unionByName(second), [loose, *packed])


def read_folder_files(spark: SparkSession, folder: str, empty_files: Sequence[str]) -> DataFrame:
    """Every file below a folder: path, length, content; Spark reads content only where it is needed."""
    files = (
        spark.read.format("binaryFile")
        .option("recursiveFileLookup", True)
        .load(to_pattern(folder))
        .select("path", "length", "content")
    )
    # Spark leaves out files without a single byte, which would be lost without a word.
    empty = [(path, 0, b"") for path in empty_files]
    found = files.unionByName(spark.createDataFrame(empty, files.schema)) if empty else files
    return found.withColumn("relative", _relative_to(folder))


def _relative_to(folder: str) -> Column:
    # Spark writes file:/a where Hadoop writes file:///a: what counts is what follows the scheme and host.
    tail = folder.split("://", 1)[-1]
    tail = tail[tail.index("/") :] if "/" in tail else tail
    return F.expr(f"substring(path, instr(path, {_sql_text(tail)}) + {len(tail) + 1})")


def _sql_text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def identify(files: DataFrame, by_stem: bool) -> DataFrame:
    """Add image_id and split.

    Args:
        files: rows with relative, the path below the source's folder.
        by_stem: Open Images names a file by its ImageID; a photo of a folder is identified by its path within it.
    """
    stem = F.regexp_replace(F.element_at(F.split("relative", "/"), -1), r"\.[^.]*$", "")
    return files.withColumn("image_id", stem if by_stem else F.col("relative")).withColumn("split", split_of_path())


def unrepeated(files: DataFrame) -> tuple[DataFrame, DataFrame]:
    """The files to keep, and those whose image_id another file has: the first by path, then by content, stays.

    Only identifiers are shuffled, and the bytes of files with a repeated identifier.
    """
    repeated_ids = files.groupBy("image_id").count().where("count > 1").select("image_id")
    single = files.join(F.broadcast(repeated_ids), "image_id", how="left_anti")
    order = Window.partitionBy("image_id").orderBy("path", F.sha2("content", 256))
    repeated = files.join(F.broadcast(repeated_ids), "image_id", how="left_semi").withColumn(
        "row_number", F.row_number().over(order)
    )
    return (
        single.unionByName(repeated.where("row_number = 1").drop("row_number")),
        repeated.where("row_number > 1").drop("row_number"),
    )


def rejected_files(files: DataFrame) -> DataFrame:
    """Dropped files as rows of images_rejected."""
    name = F.element_at(F.split("path", "/"), -1)
    return files.select(name.alias("source_file"), "reason", F.col("path").alias("row"))


def split_of_path() -> Column:
    """The split after which a folder of the path is named; null if there is none."""
    folders = F.slice(F.split(F.lower("relative"), "/"), 1, F.greatest(F.size(F.split("relative", "/")) - 1, F.lit(0)))
    named = F.create_map(*(F.lit(text) for pair in SPLIT_FOLDERS.items() for text in pair))
    found = F.filter(folders, lambda folder: folder.isin(*SPLIT_FOLDERS))
    return F.when(F.size(found) > 0, named[F.get(found, F.lit(0))])


def pack_options(limits: ImagesSection) -> dict[str, str]:
    """Parquet options for image bytes: small row groups, no dictionary, no second compression of JPEGs."""
    return {
        "parquet.block.size": str(limits.row_group_bytes),
        # Parquet checks a row group's size every so many rows; images are large, so it must check often.
        "parquet.page.size.row.check.min": "8",
        "parquet.page.size.row.check.max": "64",
        "parquet.enable.dictionary#content": "false",
        "parquet.column.statistics.enabled#content": "false",
        "compression": "uncompressed",
    }


def read_bytes_parquet(spark: SparkSession, uri: str) -> DataFrame:
    """Image bytes in Parquet: the identifier and the one binary column, by any names.

    Raises:
        ImageLakeError: there is no such pair of columns.
    """
    frame = spark.read.parquet(to_pattern(uri))
    identifier = _named(frame, ("imageid", "image_id", "id", "key"))
    content = next((name for name, column_type in frame.dtypes if column_type == "binary"), None)
    if identifier is None or content is None:
        raise ImageLakeError(
            f"{uri}: no identifier (ImageID, image_id, id, key) or no binary column; found {frame.dtypes}"
        )
    split = _named(frame, ("split", "subset"))
    return frame.select(
        F.col(identifier).cast("string").alias("image_id"),
        (F.lower(split) if split else F.lit(None).cast("string")).alias("split"),
        F.input_file_name().alias("path"),
        F.length(content).cast("bigint").alias("length"),
        F.col(content).alias("content"),
        F.when(F.col(identifier).isNull(), "missing_image_id").alias("reason"),
    )


def holds_bytes(spark: SparkSession, uri: str) -> bool:
    """Whether a Parquet file holds image bytes, not an image list."""
    return any(column_type == "binary" for _, column_type in spark.read.parquet(to_pattern(uri)).dtypes)


def _named(frame: DataFrame, names: Sequence[str]) -> str | None:
    found = {name.lower(): name for name in frame.columns}
    return next((found[name] for name in names if name in found), None)
