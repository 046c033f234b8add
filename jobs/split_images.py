"""Split the images: by shares of your choice, stratified by label, and so that no group of duplicates crosses.

Reads images, predictions, labels_clean, duplicate_groups. Writes image_splits, one row an image that can be decoded,
and split_counts, which states by how much each label misses its shares; images_unsplit has the other images with their
reason. With splits.existing=keep the splits stay, and images that leak into a more important split are taken out.
Cost: at most 17 s for 60,000 images of ten labels on two cores.

    spark-submit jobs/split_images.py --root var/lake --set 'splits.shares={train=0.8,test=0.2}'
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.transforms.rows.verdicts import count_by_reason, kept, rejected
from imagelake.transforms.splits.splits import count_splits, keep_splits, split_images
from imagelake.transforms.splits.units import judge_images, outside, with_groups, with_labels

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def run(work: Work, config: Config) -> None:
    """Choose each image's split, then say how far every label is from its shares."""
    rules, images = config.splits, work.read("images")
    judged = judge_images(images, work.read("predictions"))
    if rules.images == "sample":
        judged = outside(judged, work.read("sample_images"), "not_in_sample")
    judged = judged.persist(StorageLevel.DISK_ONLY)
    labelled = with_labels(kept(judged), work.read("labels_clean"))
    units = with_groups(labelled, work.read("duplicate_groups"), rules.group_by)
    unusable = rejected(judged).select("image_id", "split", "reason")
    if rules.existing == "keep":
        cleaned = keep_splits(units, rules.protected).persist(StorageLevel.DISK_ONLY)
        split, leaked = kept(cleaned), rejected(cleaned).select("image_id", "split", "reason")
        unusable = unusable.unionByName(leaked)
    else:
        split = split_images(units, rules.shares, rules.seed)
    splits = work.write("image_splits", split)
    dropped = work.write("images_unsplit", unusable)
    counts = work.write("split_counts", count_splits(splits, rules.shares if rules.existing == "replace" else None))
    work.account("images", images.count(), work.rows["image_splits"], count_by_reason(dropped))
    sizes = splits.groupBy("split").count().orderBy("split").collect()
    work.note("splits", ", ".join(f"{row['split']} {row['count']:,}" for row in sizes) or "none")
    if rules.existing == "replace":
        work.note("largest deviation of a label", _deviation(counts))


def _deviation(counts: DataFrame) -> str:
    worst = counts.orderBy(F.desc(F.abs("deviation")), "label", "split").first()
    if worst is None:
        return "none"
    return (
        f"{worst['deviation']:+.1f} images of {worst['wanted']:,.1f}: {worst['label'] or 'no label'}, {worst['split']}"
    )


def needs(config: Config) -> tuple[str, ...]:
    """The sample only where it alone is split."""
    tables = ("images", "predictions", "labels_clean", "duplicate_groups")
    return (*tables, "sample_images") if config.splits.images == "sample" else tables


JOB = Job(
    name="split_images",
    doc=__doc__,
    run=run,
    reads=("images", "predictions", "labels_clean", "duplicate_groups", "sample_images"),
    writes=("image_splits", "images_unsplit", "split_counts"),
    settings=("splits",),
    needs=needs,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
