"""Find duplicates: images that occur more than once, exactly or nearly, and the labels and splits that they spoil.

Reads images, predictions, image_quality, labels_clean, and duplicate_verdicts where people have judged. Writes
duplicate_pairs with the evidence and score of each, duplicate_groups around the best image of each, duplicate_conflicts
and duplicate_counts. Exact duplicates have equal bytes or equal pixels. Near ones are the nearest by features, by
thumbnails and by perceptual hash, compared by the structural similarity of their thumbnails over small shifts and by
their distance. Every member of a group was compared with its representative, so that groups do not chain. Without
predictions, duplicates are those of equal bytes alone.

    spark-submit jobs/find_duplicates.py --root var/lake --set duplicates.min_score=0.7
"""

from __future__ import annotations

import sys

from imagelake.config import Config
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.transforms.duplicates.conflicts import count_duplicates, find_conflicts
from imagelake.transforms.duplicates.groups import group_images, represent
from imagelake.transforms.duplicates.near import Pictures, near_pairs
from imagelake.transforms.duplicates.pairs import list_pairs
from imagelake.transforms.duplicates.pictures import count_pictures, number_pictures
from imagelake.transforms.duplicates.summary_notes import summary_notes
from imagelake.transforms.duplicates.verdicts import picture_verdicts, verdict_notes


def run(work: Work, config: Config) -> None:
    """Number the pictures, compare the candidates, then group what is verified."""
    rules, predictions, labels = config.duplicates, work.read("predictions"), work.read("labels_clean")
    numbered = number_pictures(work.read("images"), predictions, work.read("image_quality"))
    copies = work.keep("copies", numbered)
    verdicts = work.keep("verdicts", picture_verdicts(copies, work.read("duplicate_verdicts")))
    compared = near_pairs(Pictures(copies, predictions, verdicts), rules, work.keep)
    pairs = work.write("duplicate_pairs", list_pairs(copies, compared, rules.listed_score))
    represented = represent(compared.where("verified"), count_pictures(copies))
    groups = work.write("duplicate_groups", group_images(copies, represented))
    conflicts = work.write("duplicate_conflicts", find_conflicts(groups, labels))
    counts = work.write("duplicate_counts", count_duplicates(copies, groups, conflicts, labels))
    images, with_bytes = work.lake.require("images").rows, copies.count()
    work.account("images", images, with_bytes, {"no_bytes": images - with_bytes})
    notes = summary_notes(pairs, groups, conflicts, counts) | verdict_notes(pairs, rules.min_score)
    for name, value in notes.items():
        work.note(name, value)
    work.images = with_bytes


JOB = Job(
    name="find_duplicates",
    doc=__doc__,
    run=run,
    reads=("images", "predictions", "image_quality", "labels_clean", "duplicate_verdicts"),
    writes=("duplicate_pairs", "duplicate_groups", "duplicate_conflicts", "duplicate_counts"),
    settings=("duplicates",),
    optional=("predictions", "duplicate_verdicts"),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
