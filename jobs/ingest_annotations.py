"""Read class descriptions, the hierarchy, image-level labels and boxes into typed tables.

Reads images and the source's files; for a folder of photos, the folder of each photo is its label, and where no file
has labels, those of boxes are their images'. Writes classes, hierarchy, labels, boxes, class_folders (what the name of
each such folder matched) and annotations_rejected, which has every malformed line with its reason.
Cost: at most 14 s for 1,534 label and 332 box lines on two cores.

    spark-submit jobs/ingest_annotations.py --root var/lake
"""

from __future__ import annotations

import sys

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.resolve.labels import check_label_files, label_class_files, read_label_rules
from imagelake.runtime.resolve.source import find_published, read_hierarchy, source_folder
from imagelake.transforms.ingest.annotation_sources import Annotations, read_class_folders, read_open_images
from imagelake.transforms.rows.verdicts import count_by_reason


def run(work: Work, config: Config) -> None:
    """Type every line, write the sound ones, keep the others with their reasons."""
    found = read_annotations(work, config)
    for name in ("classes", "hierarchy", "labels", "boxes", "class_folders"):
        work.write(name, getattr(found, name))
    dropped = work.write("annotations_rejected", found.rejected)
    for name in ("classes", "labels", "boxes"):
        reasons = count_by_reason(dropped.where(dropped["table_name"] == name))
        work.account(f"{name} lines", found.lines[name], work.rows[name], reasons | found.repeated.get(name, {}))
    for name, value in found.notes.items():
        work.note(name, value)


def read_annotations(work: Work, config: Config) -> Annotations:
    """Those of the configured source."""
    images, storage = work.read("images"), work.lake.storage
    published = find_published(config, storage, f"{work.staging}/visible")
    if published is None:
        return read_class_folders(images, read_label_rules(config, storage))
    hierarchy = read_hierarchy(published, storage)
    return read_open_images(images, published, hierarchy, config.source.labels_from_boxes)


def files(config: Config) -> tuple[str, ...]:
    """The source's folder, the label map and the list of classes; the job runs again when they change."""
    return (source_folder(config), *label_class_files(config))


JOB = Job(
    name="ingest_annotations",
    doc=__doc__,
    run=run,
    reads=("images",),
    writes=("classes", "hierarchy", "labels", "boxes", "class_folders", "annotations_rejected"),
    settings=("source", "model.classes"),
    files=files,
    check=check_label_files,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
