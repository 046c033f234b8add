"""Read class descriptions, the hierarchy, image-level labels and boxes into typed tables.

Reads images and the source's files. The folder of a photo is its label, and so is the label that an image has in its
array, or the one that source.keywords gives its keyword; what an XML file of LabelImg says of the photo beside it comes
first. Where no file of Open Images has labels, those of boxes are their images'. Writes classes, hierarchy, labels,
boxes, class_folders (what the name of each such folder matched) and annotations_rejected, which has every malformed
line with its reason.
Cost: at most 14 s for 1,534 label and 332 box lines on two cores.

    spark-submit jobs/ingest_annotations.py --root var/lake
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.options import Shortcut
from imagelake.runtime.resolve.labels import (
    check_ingested_label_files,
    keyword_files,
    label_class_files,
    read_label_rules,
    read_source_keywords,
)
from imagelake.runtime.resolve.source import companion_files, find_published, find_xml, read_hierarchy, source_files
from imagelake.transforms.ingest.annotation_sources import Annotations, read_class_folders, read_open_images
from imagelake.transforms.ingest.folder_labels import keyword_notes, labelled_by_keyword
from imagelake.transforms.ingest.image_files import read_files
from imagelake.transforms.ingest.loose_files import listed_files
from imagelake.transforms.ingest.voc_annotations import judge_voc_lines, read_voc_lines
from imagelake.transforms.rows.verdicts import count_reasons_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


def run(work: Work, config: Config) -> None:
    """Type every line, write the sound ones, keep the others with their reasons."""
    found = read_annotations(work, config)
    for name in ("classes", "hierarchy", "labels", "boxes", "class_folders"):
        work.write(name, getattr(found, name))
    dropped = work.write("annotations_rejected", found.rejected)
    reasons = count_reasons_of({name: dropped.where(dropped["table_name"] == name) for name in found.lines})
    for name in ("classes", "labels", "boxes"):
        rejected = reasons[name] | found.repeated.get(name, {})
        work.account(f"{name} lines", found.lines[name], work.rows[name], rejected)
    for name, value in found.notes.items():
        work.note(name, value)


def read_annotations(work: Work, config: Config) -> Annotations:
    """Those of the configured source."""
    images, storage = work.read("images"), work.lake.storage
    published = find_published(config, storage, f"{work.staging}/visible")
    if published is None:
        return read_named_images(work, config, images)
    hierarchy = read_hierarchy(published, storage)
    return read_open_images(images, published, hierarchy, config.source.labels_from_boxes, work.keep)


def read_named_images(work: Work, config: Config, images: DataFrame) -> Annotations:
    """Those of photos in folders, and of arrays."""
    storage, source = work.lake.storage, "array" if config.source.type == "arrays" else "folder"
    rules, keywords = read_label_rules(config, storage), read_source_keywords(config, storage)
    if keywords:
        for name, value in keyword_notes(images, keywords).items():
            work.note(name, value)
        images, source = labelled_by_keyword(images, keywords), "keyword"
    named, xml = images.withColumn("source", F.lit(source)), find_xml(config, storage, f"{work.staging}/visible")
    if xml is None:
        return read_class_folders(named, rules)
    contents = read_files(listed_files(images.sparkSession, xml.listed), xml, ("xml",))
    return read_class_folders(named, rules, work.keep("objects", judge_voc_lines(read_voc_lines(contents), images)))


def files(config: Config) -> tuple[str, ...]:
    """The source's files, the label map and the list of classes; the job runs again when they change."""
    return (*source_files(config), *label_class_files(config), *keyword_files(config))


JOB = Job(
    name="ingest_annotations",
    doc=__doc__,
    run=run,
    reads=("images",),
    writes=("classes", "hierarchy", "labels", "boxes", "class_folders", "annotations_rejected"),
    settings=("source", "model.classes"),
    files=files,
    optional_files=companion_files,
    check=check_ingested_label_files,
    shortcuts=(
        Shortcut(
            "--arrays", "FILE", "source.arrays", "CIFAR pickles, .npz, .npy with a CSV, or a folder of them; repeatable"
        ),
    ),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
