"""Image bytes from files in folders or a binary column of Parquet; one row a file."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema
from pyspark.sql.window import Window

from imagelake.arrays.packing import PACKED
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import is_local
from imagelake.lake.listing import without_host
from imagelake.lake.storage import JAVA_ERRORS, to_pattern
from imagelake.transforms.ingest.loose_files import (
    IMAGE_ENDINGS,
    IMAGE_NAME,
    listed_files,
    read_hadoop_files,
    read_local_files,
)
from imagelake.transforms.ingest.sources import METADATA_NAME, OpenImagesFiles, Source
from imagelake.transforms.ingest.voc_annotations import XML_NAME

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from imagelake.config import ImagesSection

FOUND = ("image_id", "split", "source_label", "keyword", "path", "length")
FILE_KEY = ("image_id", "path", "length", "modified")
"""What tells a file of an image from what it was before, without reading it."""
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

    ``described`` holds every image file that gets a row of images, without its bytes; ``fitting`` those of them whose
    bytes are packed, for `read_contents`; ``rejected`` what is no image file, or has the identifier of another.
    ``images`` is the number of those described.
    """

    files: DataFrame
    described: DataFrame
    fitting: DataFrame
    rejected: DataFrame
    images: int


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
    loose = _loose_files(spark, source)
    packed = _packed_files(spark, source.published) if source.published else []
    if source.packed_arrays:
        packed = [read_packed_arrays(spark, source.packed_arrays)]
    files = reduce(lambda first, second: first.unionByName(second), packed, loose)
    kept, repeated = unrepeated(files.where(F.col("reason").isNull()).drop("reason"))
    fits = F.col("length") <= max_bytes
    described = kept.select(*FOUND, "modified", F.when(~fits, "too_many_bytes").alias("error"))
    # It is needed several times, and of Parquet its lengths cost a scan of the bytes.
    described = described.persist(StorageLevel.DISK_ONLY)
    images = described.count()
    if error_on_no_images and not images:
        raise ImageLakeError(f"{source.folder}: no image is here{_where_images_are(source)}")
    rejected = files.where(F.col("reason").isNotNull()).unionByName(
        repeated.withColumn("reason", F.lit("duplicate_image_id"))
    )
    return FoundImages(files, described, kept.where(fits), rejected, images)


def _where_images_are(source: Source) -> str:
    return "" if source.packed_arrays else f"; images end in .{', .'.join(IMAGE_ENDINGS)}"


def _loose_files(spark: SparkSession, source: Source) -> DataFrame:
    """The files in folders, without their bytes; of Open Images named by their ImageID and without metadata files."""
    files = identify(listed_files(spark, source.listed), by_stem=source.published is not None)
    # Of photos the folder is the label, and the word by which someone looked for them.
    folder = F.lit(None).cast("string") if source.published else class_folder()
    files = files.withColumns({"source_label": folder, "keyword": folder})
    reason = F.coalesce("problem", F.when(~F.col("path").rlike(IMAGE_NAME), "other_file"))
    if source.published:
        files = files.where(F.col("problem").isNotNull() | ~F.col("path").rlike(METADATA_NAME))
    else:  # those of LabelImg, which ingest_annotations judges
        files = files.where(F.col("problem").isNotNull() | ~F.col("path").rlike(XML_NAME))
    return files.select(
        *FOUND,
        F.timestamp_millis("modified_ms").alias("modified"),
        F.col("raw"),
        F.lit(None).cast("binary").alias("content"),
        reason.alias("reason"),
    )


def _packed_files(spark: SparkSession, published: OpenImagesFiles) -> list[DataFrame]:
    """The images in Parquet with a binary column."""
    return [read_bytes_parquet(spark, uri) for uri in published.parquet if holds_bytes(spark, uri)]


def read_contents(wanted: DataFrame, source: Source) -> DataFrame:
    """The image_bytes table of some of the files that fit."""
    read = wanted.where("content IS NOT NULL").select("image_id", "content")
    if not source.packed_arrays:
        read = _read_loose(wanted.where("content IS NULL"), source).unionByName(read)
    return read.select("image_id", F.sha2("content", 256).alias("sha256"), "content")


def _read_loose(loose: DataFrame, source: Source) -> DataFrame:
    """image_id and content of files in folders."""
    named = identify(read_files(loose, source), by_stem=source.published is not None)
    return named.select("image_id", "content")


def read_files(wanted: DataFrame, source: Source, endings: Sequence[str] = IMAGE_ENDINGS) -> DataFrame:
    """The bytes of files of a source's listing: path, content, and relative, the path below the source's folder.

    Args:
        wanted: rows of the listing.
        source: the source.
        endings: what their names end in.
    """
    contents = read_local_files(wanted) if is_local(source.folder) else read_hadoop_files(wanted, source, endings)
    return contents.withColumn("relative", _relative_to(source.folder))


def _relative_to(folder: str) -> Column:
    tail = without_host(folder)
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


def class_folder() -> Column:
    """The name of a photo's own folder; null at the top, and in a folder that is named like a split."""
    parts = F.split("image_id", "/")
    parent = F.when(F.size(parts) > 1, F.element_at(parts, -2))
    return F.when(~F.lower(parent).isin(*SPLIT_FOLDERS), parent)


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
        # Who wants a few images by their identifiers reads these pages alone: 8 images for one, not a row group.
        "parquet.page.row.count.limit": "8",
        "parquet.enable.dictionary#content": "false",
        "parquet.column.statistics.enabled#content": "false",
        "compression": "uncompressed",
    }


def read_bytes_parquet(spark: SparkSession, uri: str) -> DataFrame:
    """Image bytes in Parquet: the identifier and the one binary column, by any names.

    Raises:
        ImageLakeError: there is no such pair of columns.
    """
    frame = open_parquet(spark, uri)
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
        F.lit(None).cast("string").alias("source_label"),
        F.lit(None).cast("string").alias("keyword"),
        F.input_file_name().alias("path"),
        F.length(content).cast("bigint").alias("length"),
        F.col("_metadata.file_modification_time").alias("modified"),
        F.lit(None).cast("binary").alias("raw"),
        F.coalesce(F.col(content), F.lit(b"")).alias("content"),
        F.when(F.col(identifier).isNull(), "missing_image_id").alias("reason"),
    )


def read_packed_arrays(spark: SparkSession, uri: str) -> DataFrame:
    """The images of arrays, as `pack_arrays` packed them; an image without a keyword has its label for one."""
    frame = spark.read.schema(from_arrow_schema(PACKED)).parquet(to_pattern(uri))
    return frame.select(
        *("image_id", "split", "source_label"),
        F.coalesce("keyword", "source_label").alias("keyword"),
        "path",
        F.length("content").cast("bigint").alias("length"),
        F.timestamp_millis("modified_ms").alias("modified"),
        F.lit(None).cast("binary").alias("raw"),
        "content",
        F.lit(None).cast("string").alias("reason"),
    )


def open_parquet(spark: SparkSession, uri: str) -> DataFrame:
    """A Parquet file.

    Raises:
        ImageLakeError: it is none.
    """
    try:
        return spark.read.parquet(to_pattern(uri))
    except JAVA_ERRORS as error:
        first = str(error).splitlines()[0]
        raise ImageLakeError(f"{uri}: is no Parquet file that can be read: {first}") from None


def holds_bytes(spark: SparkSession, uri: str) -> bool:
    """Whether a Parquet file holds image bytes, not an image list."""
    return any(column_type == "binary" for _, column_type in open_parquet(spark, uri).dtypes)


def _named(frame: DataFrame, names: Sequence[str]) -> str | None:
    found = {name.lower(): name for name in frame.columns}
    return next((found[name] for name in names if name in found), None)
