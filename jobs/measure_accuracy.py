"""Measure the accuracy of the model by label: top-1 and top-5 with confidence intervals, and confusions.

Reads labels_clean, labels, predictions, classes, hierarchy, and heads for model.head=NAME. Writes label_accuracy,
confusion and mistakes, the images that are counted there; and label_verification, precision and recall where people
verified labels as there or as not there. An image counts for each of its clean labels. A label that no class of the
model counts as is reported as not covered, never as 0 %.
Cost: at most 13 s for 1,212 pairs of image and label on two cores.

    spark-submit jobs/measure_accuracy.py --root var/lake --set accuracy.confidence_level=0.99
"""

from __future__ import annotations

import sys

from pyspark import StorageLevel

from imagelake.config import Config
from imagelake.installation import command_name
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.resolve.heads import head_label_rules, packed_head
from imagelake.runtime.resolve.labels import check_label_files, label_class_files, read_label_rules
from imagelake.taxonomy.name_matching import describe_choices
from imagelake.transforms.accuracy.confusion import confuse, describe_confusions, find_mistakes
from imagelake.transforms.accuracy.label_accuracy import (
    check_class_names,
    count_outcomes,
    judge_predictions,
    measure_labels,
)
from imagelake.transforms.accuracy.overall_accuracy import NOT_COVERED, accuracy_notes
from imagelake.transforms.accuracy.verified_accuracy import (
    judge_verified,
    measure_verified,
    verification_note,
    verified_pairs,
)
from imagelake.transforms.labels.label_classes import LabelRules, label_classes, vocabulary
from imagelake.vision.head import HEADS


def run(work: Work, config: Config) -> None:
    """Compare the prediction of every image with each of its labels, then count by label and by confusion."""
    labels, predictions = work.read("labels_clean"), work.read("predictions")
    words = vocabulary(labels, work.read("classes"), work.read("hierarchy"))
    meanings = label_classes(words, _label_rules(work, config))
    check_class_names(predictions, meanings.class_names)
    judged = judge_predictions(labels, predictions, meanings).persist(StorageLevel.DISK_ONLY)
    accuracy = work.write("label_accuracy", measure_labels(judged, meanings, config.accuracy.confidence_level))
    confusion = work.write("confusion", confuse(judged, meanings.covered, config.accuracy.examples, meanings.branches))
    work.write("mistakes", find_mistakes(judged, meanings.covered, meanings.branches))
    verified = judge_verified(verified_pairs(work.read("labels"), words.hierarchy), predictions, meanings)
    verification = work.write("label_verification", measure_verified(verified, config.accuracy.confidence_level))
    work.account("image and label pairs", *count_outcomes(accuracy, judged))
    notes = accuracy_notes(accuracy.toPandas())
    for name, value in notes.items():
        work.note(name, value)
    if NOT_COVERED in notes and not config.model.head:
        work.note("to judge these, too", f"{command_name('submit')} train_classifier learns labels from their images")
    if meanings.ambiguous:
        work.note("ambiguous, so not judged", describe_choices(meanings.ambiguous))
    if config.model.head:
        work.note("mind", "the head learnt from most of these images; training_measures has it on those it did not")
    work.note("verified labels", verification_note(verification))
    work.note("worst confusions", describe_confusions(confusion) or "none")


def _label_rules(work: Work, config: Config) -> LabelRules:
    """The labels of the configured head mean themselves; without one the class map and the user's files say."""
    if not config.model.head:
        return read_label_rules(config, work.lake.storage)
    return head_label_rules(packed_head(config.model.head, work.folder(HEADS), work.lake.storage).card)


def needs(config: Config) -> tuple[str, ...]:
    """The heads only where one is configured."""
    always = ("labels_clean", "labels", "predictions", "classes", "hierarchy")
    return (*always, "heads") if config.model.head else always


JOB = Job(
    name="measure_accuracy",
    doc=__doc__,
    run=run,
    reads=("labels_clean", "labels", "predictions", "classes", "hierarchy", "heads"),
    needs=needs,
    writes=("label_accuracy", "confusion", "mistakes", "label_verification"),
    settings=("accuracy", "model", "source.type", "source.label_map"),
    files=label_class_files,
    check=check_label_files,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
