"""Image headers: size, format and orientation, and the hash of the file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyspark import StorageLevel
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.errors import ImageLakeError
from imagelake.transforms.rows.earlier_rows import BROADCAST_ROWS
from imagelake.vision.errors import ImageError
from imagelake.vision.header import read_header
from imagelake.vision.limits import Limits

if TYPE_CHECKING:
    from pyspark import Accumulator
    from pyspark.sql import DataFrame

    from imagelake.transforms.ingest.image_files import FoundImages

HEADER = pa.schema(
    {
        "image_id": pa.string(),
        "width": pa.int32(),
        "height": pa.int32(),
        "format": pa.string(),
        "mode": pa.string(),
        "exif_orientation": pa.int32(),
        "byte_size": pa.int64(),
        "sha256": pa.string(),
        "error": pa.string(),
        "error_detail": pa.string(),
    }
)


def describe_file(image_id: str, content: bytes, limits: Limits) -> dict[str, Any]:
    """One row of the header frame; a file that cannot be opened is a row with an error."""
    row: dict[str, Any] = {
        "image_id": image_id,
        "byte_size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    try:
        header = read_header(content, limits)
    except ImageError as error:
        return row | {"error": error.reason, "error_detail": error.detail}
    width, height = header.upright_size
    return row | {
        "width": width,
        "height": height,
        "format": header.format,
        "mode": header.mode,
        "exif_orientation": header.exif_orientation,
    }


def read_headers(image_bytes: DataFrame, limits: Limits, opened: Accumulator[int] | None = None) -> DataFrame:
    """One row an image of image_bytes: the fields of its header, or the error.

    Args:
        image_bytes: image_id and content.
        limits: what an image may cost.
        opened: counts the images, if given.
    """

    def describe(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            pairs = zip(batch["image_id"].to_pylist(), batch["content"].to_pylist(), strict=True)
            if opened is not None:
                opened.add(batch.num_rows)
            yield pa.RecordBatch.from_pylist([describe_file(*pair, limits) for pair in pairs], schema=HEADER)

    return image_bytes.select("image_id", "content").mapInArrow(describe, from_arrow_schema(HEADER))


def earlier_headers(images: DataFrame) -> DataFrame:
    """What an earlier run knows of files: rows as from read_headers, with the columns by which a file is known again.

    One of which another number of bytes was read than the file had is known by these: it is no file's.
    """
    return images.where(F.col("sha256").isNotNull()).select(
        *HEADER.names, "path", F.col("byte_size").alias("length"), "modified"
    )


def describe_images(listed: DataFrame, found: FoundImages, headers: DataFrame, has_lists: bool) -> DataFrame:
    """The images table, from image lists, files and headers.

    Args:
        listed: kept lines of the image list, one row an image.
        found: the files.
        headers: as from read_headers.
        has_lists: whether the source lists its images at all; where it does not, each one counts as listed.
    """
    files = found.described
    with_bytes = files.join(headers, "image_id", how="left").select(
        "image_id",
        F.col("split").alias("split_of_path"),
        "source_label",
        "keyword",
        "path",
        "modified",
        *(name for name in ("width", "height", "format", "mode", "exif_orientation", "sha256")),
        F.coalesce("byte_size", "length").alias("byte_size"),
        F.coalesce(headers["error"], files["error"]).alias("error"),
        F.coalesce("error_detail", F.when(files["error"].isNotNull(), F.concat("length", F.lit(" bytes")))).alias(
            "error_detail"
        ),
        F.lit(True).alias("found"),
    )
    listed = listed.drop("source_file", "reason", "row").withColumn("listed", F.lit(True))
    return (
        all_images(listed, with_bytes, has_lists and found.images <= BROADCAST_ROWS)
        .withColumn("split", F.coalesce("split_of_path", "split", F.lit("all")))
        .withColumn("has_bytes", F.coalesce("found", F.lit(False)))
        .withColumn("listed", F.coalesce("listed", F.lit(not has_lists)))
        .drop("split_of_path", "found")
    )


def all_images(listed: DataFrame, with_bytes: DataFrame, few: bool) -> DataFrame:
    """The full outer join; the listed images, which may be millions, are not shuffled where few have bytes."""
    if not few:
        return listed.join(with_bytes, "image_id", how="full_outer")
    with_bytes = with_bytes.persist(StorageLevel.DISK_ONLY)
    ids = F.broadcast(with_bytes.select("image_id"))
    both = listed.select("image_id").join(ids, "image_id", how="left_semi")
    # One partition, so that a table of few images is not one of many files.
    unlisted = with_bytes.join(F.broadcast(both), "image_id", how="left_anti").repartition(1)
    return listed.join(F.broadcast(with_bytes), "image_id", how="left").unionByName(unlisted, allowMissingColumns=True)


def check_error_ratio(images: DataFrame, limit: float) -> None:
    """End the job where too many images with bytes cannot be opened or decoded.

    Args:
        images: rows with error, null for a readable image.
        limit: the largest allowed share, 0 to 1.

    Raises:
        ImageLakeError: the share is above the limit; the message counts the errors.
    """
    counts = {row["error"]: row["count"] for row in images.groupBy("error").count().collect()}
    total, failed = sum(counts.values()), sum(count for error, count in counts.items() if error is not None)
    if total and failed / total > limit:
        listed = ", ".join(
            f"{error} {count:,}" for error, count in sorted(counts.items(), key=str) if error is not None
        )
        raise ImageLakeError(
            f"{failed:,} of {total:,} images are unreadable ({listed}), more than max_error_ratio = {limit:g} allows; "
            "nothing is published"
        )
