"""Read the image lists and pack the image files into Parquet.

Reads the source: published image lists (CSV or Parquet) and bytes (folders or Parquet), or a folder of photos. Writes
images, image_bytes and images_rejected. An image that cannot be opened is a row of images with an error.
Cost: at most 60 s for 1,212 photos of about 300 x 200 on two cores, Spark's start included.

    spark-submit jobs/ingest_images.py --root var/lake --set source.type=folder --set source.path=photos
"""

from __future__ import annotations

import sys

from pyspark import StorageLevel

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.resolve.source import find_source, source_folder
from imagelake.transforms.ingest.image_files import find_images, pack_options, rejected_files
from imagelake.transforms.ingest.image_headers import check_error_ratio, describe_images, read_headers
from imagelake.transforms.ingest.image_list import (
    has_image_lists,
    judge_image_lines,
    read_image_lists,
    rejected_image_lines,
)
from imagelake.transforms.predict.model import image_limits
from imagelake.transforms.rows.verdicts import count_by_reason, kept


def run(work: Work, config: Config) -> None:
    """Pack the bytes first, so that small files are read once; then read the headers from the packed bytes."""
    spark, source = work.lake.spark, find_source(config, work.lake.storage, f"{work.staging}/visible")
    lines = judge_image_lines(read_image_lists(spark, source.published)).persist(StorageLevel.DISK_ONLY)
    found = find_images(spark, source, config.images.max_bytes, config.source.error_on_no_images)
    packed = work.write("image_bytes", found.packed.select("image_id", "content"), pack_options(config.images))
    headers = read_headers(packed, image_limits(config.images))
    described = describe_images(kept(lines), found.described, headers, has_image_lists(spark, source.published))
    images = work.write("images", described)
    line_rejects = rejected_image_lines(lines)
    work.write("images_rejected", line_rejects.unionByName(rejected_files(found.rejected)))

    work.account("image list lines", lines.count(), kept(lines).count(), count_by_reason(line_rejects))
    work.account("files", found.files.count(), found.described.count(), count_by_reason(found.rejected))
    check_error_ratio(images.where("has_bytes"), config.images.max_error_ratio)
    work.images = work.rows["image_bytes"]


def files(config: Config) -> tuple[str, ...]:
    """The source's folder; the job runs again when a file in it changes."""
    return (source_folder(config),)


JOB = Job(
    name="ingest_images",
    doc=__doc__,
    run=run,
    writes=("images", "image_bytes", "images_rejected"),
    settings=("source.type", "source.path", "source.error_on_no_images", "images"),
    files=files,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
