"""Measure the overlap with other lakes: which images of this lake are in those as well, exactly or nearly?

Reads images, predictions, image_quality, labels_clean and model of this lake, and of each lake that --reference names.
Writes image_overlap, one row an image and what it is in the other lake, and overlap_counts by split and label.
Cost: at most 109 s for 60,000 images of 32 x 32 against as many, with features, on two cores.

    spark-submit jobs/measure_overlap.py --root var/lake --reference var/other-lake
"""

from __future__ import annotations

import sys
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.options import Shortcut
from imagelake.runtime.resolve.references import check_recipes, open_references, reference_files
from imagelake.transforms.duplicates.overlap import COMPARED, count_overlap, overlap, overlap_by_image_id

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def run(work: Work, config: Config) -> None:
    """Compare this lake with each of the others."""
    rules = config.overlap
    if not rules.references:
        raise ImageLakeError("no lake to compare with: give --reference, or set overlap.references")
    references = open_references(work.lake, rules.references)
    images = work.read("images").select("image_id", "split", "has_bytes", "sha256")
    rows, counts = [], []
    for reference in references:
        by_id = rules.by_image_id
        found = overlap_by_image_id(images, reference.read("images")) if by_id else _compared(work, reference, config)
        found = work.keep("found", found)
        rows.append(found.withColumn("reference", F.lit(reference.root)))
        counts.append(count_overlap(images, found, work.read("labels_clean"), reference.root))
    work.write("image_overlap", reduce(lambda one, other: one.unionByName(other), rows))
    counted = work.write("overlap_counts", reduce(lambda one, other: one.unionByName(other), counts))
    total = (
        counted.where("label IS NULL")
        .groupBy("reference")
        .agg(*(F.sum(name).alias(name) for name in ("images", "exact", "near")))
    )
    for row in total.orderBy("reference").collect():
        work.note(row["reference"], f"of {row['images']:,} images {row['exact']:,} exactly and {row['near']:,} nearly")


def _compared(work: Work, reference: Lake, config: Config) -> DataFrame:
    own = {name: work.read(name) for name in COMPARED}
    other = {name: reference.read(name) for name in COMPARED}
    if config.overlap.features:
        check_recipes(work.lake, reference)
    return overlap(own, other, config.duplicates, config.overlap.features, work.keep)


def files(config: Config) -> tuple[str, ...]:
    """What is published in the other lakes; the job runs again when it changes."""
    return reference_files(config.overlap.references)


def needs(config: Config) -> tuple[str, ...]:
    """Where identifiers decide, nothing that is made of pixels; the network only for features."""
    if config.overlap.by_image_id:
        return ("images", "labels_clean")
    return JOB.reads if config.overlap.features else (*COMPARED, "labels_clean")


JOB = Job(
    name="measure_overlap",
    doc=__doc__,
    run=run,
    reads=("images", "predictions", "image_quality", "labels_clean", "model"),
    writes=("image_overlap", "overlap_counts"),
    settings=("overlap", "duplicates"),
    files=files,
    needs=needs,
    shortcuts=(
        Shortcut("--reference", "DIR", "overlap.references", "the root of another lake, local or hdfs://; repeatable"),
    ),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
