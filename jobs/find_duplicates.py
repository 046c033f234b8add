"""Find duplicates: images that occur more than once, exactly or nearly, and the labels and splits that they spoil.

Reads images, predictions, image_quality, labels_clean, and duplicate_verdicts where people have judged. Writes
duplicate_pairs with the evidence and score of each, duplicate_groups around the best image of each,
duplicate_conflicts, duplicate_counts, and for the next run duplicate_comparisons and the folder duplicate_spaces. Exact
duplicates have equal bytes or equal pixels. Near ones are the nearest by features, by thumbnails and by perceptual
hash, compared by the structural similarity of their thumbnails over small shifts and by their distance. Every member of
a group was compared with its representative, so that groups do not chain. Without predictions, duplicates are those of
equal bytes alone.
Cost: at most 101 s for 60,000 images of 32 x 32 with features, on two busy cores.

    spark-submit jobs/find_duplicates.py --root var/lake --set duplicates.min_score=0.7
"""

from __future__ import annotations

import sys

from imagelake.config import Config, DuplicatesSection
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.learnt import learnt, recipe_of_learning
from imagelake.runtime.recipe import recipe_of
from imagelake.search.quantizer import faiss_version
from imagelake.transforms.duplicates.conflicts import count_duplicates, find_conflicts
from imagelake.transforms.duplicates.groups import group_images, represent
from imagelake.transforms.duplicates.near import Pictures, near_pairs
from imagelake.transforms.duplicates.pairs import list_pairs
from imagelake.transforms.duplicates.pictures import count_copies, number_pictures
from imagelake.transforms.duplicates.spaces import (
    Space,
    arrays_of,
    learn_spaces,
    least_cosines,
    sampled_share,
    spaces_of,
)
from imagelake.transforms.duplicates.summary_notes import summary_notes
from imagelake.transforms.duplicates.verdicts import picture_verdicts, verdict_notes
from imagelake.transforms.duplicates.verification import compare_pairs, comparisons_of, with_priority
from imagelake.transforms.rows.sampled_images import sampled_images

COMPARISONS, SPACES = "duplicate_comparisons", "duplicate_spaces"


def run(work: Work, config: Config) -> None:
    """Number the pictures, compare the candidates, then group what is verified."""
    rules, predictions, labels = config.duplicates, work.read("predictions"), work.read("labels_clean")
    copies = work.keep("copies", number_pictures(work.read("images"), predictions, work.read("image_quality")))
    with_bytes, pictures = count_copies(copies)
    judged = work.has("duplicate_verdicts")
    verdicts = work.keep("verdicts", picture_verdicts(copies, work.read("duplicate_verdicts"))) if judged else None
    before = work.earlier(recipe_of(compare_pairs, rules.shift), COMPARISONS)
    earlier = before.read(COMPARISONS) if before else None
    spaces = _spaces(work, rules, pictures)
    compared = near_pairs(Pictures(copies, predictions, spaces, verdicts, earlier), rules, work.keep)
    work.write(COMPARISONS, comparisons_of(compared.where("anew")))
    if before:
        work.take_over(COMPARISONS, comparisons_of(compared.where("NOT anew")))
    pairs = work.write("duplicate_pairs", list_pairs(copies, with_priority(compared), rules.listed_score))
    groups = work.write("duplicate_groups", group_images(copies, represent(compared.where("verified"), pictures)))
    conflicts = work.write("duplicate_conflicts", find_conflicts(groups, labels))
    counts = work.write("duplicate_counts", count_duplicates(copies, groups, conflicts, labels))
    images = work.lake.require("images").rows
    work.account("images", images, with_bytes, {"no_bytes": images - with_bytes})
    notes = summary_notes(pairs, groups, conflicts, counts) | (verdict_notes(pairs, rules.min_score) if judged else {})
    for name, value in notes.items():
        work.note(name, value)
    work.images = with_bytes


def _spaces(work: Work, rules: DuplicatesSection, pictures: int) -> list[Space]:
    """The spaces in which so many pictures have neighbours, learnt in this run or an earlier one."""
    predictions, least = work.read("predictions"), least_cosines(rules)
    recipe = recipe_of_learning(work, learn_spaces, faiss_version())
    sample = sampled_images(predictions, sampled_share(pictures))
    arrays = learnt(work, SPACES, sample, recipe, lambda: arrays_of(learn_spaces(predictions, pictures, least)))
    return spaces_of(arrays, least)


JOB = Job(
    name="find_duplicates",
    doc=__doc__,
    run=run,
    reads=("images", "predictions", "image_quality", "labels_clean", "duplicate_verdicts"),
    writes=(
        "duplicate_pairs",
        "duplicate_groups",
        "duplicate_conflicts",
        "duplicate_counts",
        "duplicate_comparisons",
        "duplicate_spaces",
    ),
    settings=("duplicates",),
    optional=("predictions", "duplicate_verdicts"),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
