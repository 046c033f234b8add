"""Read the image lists and pack the image files into Parquet.

Reads the source: published image lists (CSV or Parquet) and bytes (folders or Parquet), a folder of photos, or arrays
of images, each of which becomes a PNG of the same levels. Writes images, image_bytes and images_rejected. An image that
cannot be opened is a row of images with an error. Bytes and header of a file whose path, size and time of change are
those of the last run are taken over from that.
Cost: at most 60 s for 1,212 photos of about 300 x 200 on two cores, Spark's start included.

    spark-submit jobs/ingest_images.py --root var/lake --set source.type=folder --set source.path=photos
    spark-submit jobs/ingest_images.py --root var/lake --arrays cifar-10-batches-py
"""

from __future__ import annotations

import sys

from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.options import Shortcut
from imagelake.runtime.recipe import recipe_of
from imagelake.runtime.resolve.source import companion_files, find_source, source_files
from imagelake.transforms.ingest.image_files import FILE_KEY, find_images, pack_options, read_contents, rejected_files
from imagelake.transforms.ingest.image_headers import (
    check_error_ratio,
    describe_file,
    describe_images,
    earlier_headers,
    read_headers,
)
from imagelake.transforms.ingest.image_list import (
    has_image_lists,
    judge_image_lines,
    read_image_lists,
    rejected_image_lines,
)
from imagelake.transforms.predict.model import image_limits
from imagelake.transforms.rows.earlier_rows import divide, is_lasting
from imagelake.transforms.rows.verdicts import count_reasons_of, kept
from imagelake.vision.libraries import decoder_versions


def run(work: Work, config: Config) -> None:
    """Pack the bytes first, so that small files are read once; then read the headers from the packed bytes."""
    spark, source = work.lake.spark, find_source(config, work.lake.storage, f"{work.staging}/visible")
    limits, options = image_limits(config.images), pack_options(config.images)
    has_lists, lines = has_image_lists(spark, source.published), read_image_lists(spark, source.published)
    lines = work.keep("lines", lines) if has_lists else lines
    judged = judge_image_lines(lines)
    found = find_images(spark, source, config.images.max_bytes, config.source.error_on_no_images)
    before = work.earlier(recipe_of(describe_file, limits, decoder_versions()), "images", "image_bytes")
    fitting = found.described.where("error IS NULL")
    known = divide(fitting, earlier_headers(before.read("images")) if before else None, FILE_KEY, is_lasting())
    fresh = work.write("image_bytes", read_contents(known.fresh_of(found.fitting), source), options)
    headers = read_headers(fresh, limits, work.counter("headers read"))
    if known.taken and known.gone:
        headers = headers.unionByName(known.taken.select(headers.columns))
        work.take_over_besides("image_bytes", known.gone.of_columns("image_id"), options)
    images = work.write("images", describe_images(kept(judged), found, headers, has_lists))
    line_rejects = rejected_image_lines(judged)
    work.write("images_rejected", line_rejects.unionByName(rejected_files(found.rejected)))

    too_large = found.described.where("error IS NOT NULL").withColumnRenamed("error", "reason")
    sound = F.lit(None).cast("string").alias("reason")
    counts = count_reasons_of(
        {
            "lines": lines.select(sound),
            "listed": images.where("listed").select(sound),
            "rejected lines": line_rejects,
            "files": found.files.select(sound),
            "rejected files": found.rejected,
            "too large": too_large,
        }
    )
    listed = sum(counts["listed"].values()) if has_lists else 0
    work.account("image list lines", sum(counts["lines"].values()), listed, counts["rejected lines"])
    work.account("files", sum(counts["files"].values()), found.images, counts["rejected files"])
    work.account("image files", found.images, work.rows["image_bytes"], counts["too large"])
    check_error_ratio(images.where("has_bytes"), config.images.max_error_ratio)
    work.images = work.rows["image_bytes"]


def files(config: Config) -> tuple[str, ...]:
    """The source's files; the job runs again when one of them changes."""
    return source_files(config)


JOB = Job(
    name="ingest_images",
    doc=__doc__,
    run=run,
    writes=("images", "image_bytes", "images_rejected"),
    settings=("source.type", "source.path", "source.arrays", "source.error_on_no_images", "images"),
    files=files,
    optional_files=companion_files,
    shortcuts=(
        Shortcut(
            "--arrays", "FILE", "source.arrays", "CIFAR pickles, .npz, .npy with a CSV, or a folder of them; repeatable"
        ),
    ),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
