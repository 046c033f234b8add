"""Explore the lake: nulls, splits, labels, boxes, facets, image shapes, unmatched images and labels.

Reads images, labels, boxes, classes, hierarchy. Writes null_counts, split_summary, label_counts, boxes_per_image,
facets, image_shapes, images_without_label and labels_without_image. Labels and boxes are shuffled once, by image.
Cost: at most 19 s for 1,212 images and as many labels on two cores.

    spark-submit jobs/explore_lake.py --root var/lake
"""

from __future__ import annotations

import sys

from pyspark import StorageLevel

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.transforms.explore.annotation_counts import (
    boxes_per_image,
    count_boxes,
    count_labels,
    occurrences,
    sum_by_image,
    sum_by_label,
)
from imagelake.transforms.explore.facets import count_facets
from imagelake.transforms.explore.image_shapes import count_shapes
from imagelake.transforms.explore.null_counts import count_nulls
from imagelake.transforms.explore.split_summary import summarise_splits
from imagelake.transforms.explore.summary_notes import summary_notes
from imagelake.transforms.explore.unmatched import images_without_label, labels_without_image, match_images

INGESTED = ("images", "labels", "boxes", "classes", "hierarchy")


def run(work: Work, config: Config) -> None:
    """Count labels and boxes once by image, then make all tables from these counts."""
    images, labels, boxes, classes, hierarchy = (work.read(name) for name in INGESTED)
    label_counts = count_labels(labels, config.clean.min_confidence).persist(StorageLevel.DISK_ONLY)
    by_image, by_label = (
        counts(label_counts).persist(StorageLevel.DISK_ONLY) for counts in (sum_by_image, sum_by_label)
    )
    boxes_of_images, boxes_of_labels = (
        count_boxes(boxes, by).persist(StorageLevel.DISK_ONLY) for by in ("image_id", "label_id")
    )
    matched = match_images(images, by_image, boxes_of_images).persist(StorageLevel.DISK_ONLY)

    work.write("null_counts", count_nulls({name: work.read(name) for name in INGESTED}))
    work.write("image_shapes", count_shapes(images))
    occurring = work.write("label_counts", occurrences(by_label, boxes_of_labels, classes))
    work.write("boxes_per_image", boxes_per_image(boxes_of_images, images))
    splits = work.write("split_summary", summarise_splits(matched, by_label, boxes_of_images))
    work.write("facets", count_facets(label_counts, boxes_of_labels, hierarchy))
    work.write("images_without_label", images_without_label(matched))
    work.write("labels_without_image", labels_without_image(by_image, images))
    for name, value in summary_notes(splits, occurring).items():
        work.note(name, value)


JOB = Job(
    name="explore_lake",
    doc=__doc__,
    run=run,
    reads=INGESTED,
    writes=(
        "null_counts",
        "split_summary",
        "label_counts",
        "boxes_per_image",
        "facets",
        "image_shapes",
        "images_without_label",
        "labels_without_image",
    ),
    settings=("clean",),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
