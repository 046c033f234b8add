"""Keep the labels that pass the cleaning rules, and every other one with the reason of its rejection.

Reads labels, images, classes, hierarchy, label_verdicts where there are any, and label_issues for
clean.label_issues=drop. Writes labels_clean and labels_rejected; their rows add up to those of labels.
Cost: at most 6 s for 1,212 label rows on two cores.

    spark-submit jobs/clean_labels.py --root var/lake --set clean.min_confidence=0.99
"""

from __future__ import annotations

import sys

from pyspark import StorageLevel

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.transforms.labels.clean_labels import distrusted_labels, judge_labels, roll_up
from imagelake.transforms.labels.label_hierarchy import roll_up_targets
from imagelake.transforms.rows.verdicts import count_by_reason, kept, rejected


def run(work: Work, config: Config) -> None:
    """Give every label row its reason, then write the kept and the rejected rows."""
    labels = work.read("labels")
    targets = roll_up_targets(work.read("hierarchy"), work.read("classes"), config.clean.roll_up_to)
    issues = work.read("label_issues") if config.clean.label_issues == "drop" else None
    distrusted = distrusted_labels(work.read("label_verdicts"), issues)
    judged = judge_labels(roll_up(labels, targets), work.read("images"), config.clean, distrusted).persist(
        StorageLevel.DISK_ONLY
    )
    clean = work.write("labels_clean", kept(judged))
    dropped = work.write("labels_rejected", rejected(judged))
    reasons = count_by_reason(dropped)
    work.account("label rows", work.lake.require("labels").rows, work.rows["labels_clean"], reasons)
    if reasons.get("unknown_image") and not work.rows["labels_clean"]:
        work.note("no label is left", "their images are neither here nor listed; clean.unknown_images=keep keeps them")
    work.note("images with a clean label", f"{clean.select('image_id').distinct().count():,}")
    work.note("rule", f"confidence > {config.clean.min_confidence}")


def needs(config: Config) -> tuple[str, ...]:
    """label_issues only where they are dropped: they come from heads that were trained on labels cleaned before."""
    always = ("labels", "images", "classes", "hierarchy")
    return (*always, "label_issues") if config.clean.label_issues == "drop" else always


JOB = Job(
    name="clean_labels",
    doc=__doc__,
    run=run,
    reads=("labels", "images", "classes", "hierarchy", "label_issues", "label_verdicts"),
    optional=("label_verdicts",),
    needs=needs,
    writes=("labels_clean", "labels_rejected"),
    settings=("clean",),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
