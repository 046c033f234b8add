"""Select a balanced sample: so many images of each label, in the proportions of their keywords.

Reads images, predictions, labels_clean, duplicate_groups, and image_overlap where sampling.avoid_overlap is set. Writes
sample_images and sample_counts. No two images are of one group of duplicates, and images that no reference lake holds
come first. Too few candidates are an error that says how many are missing, or are recorded with
sampling.shortfall=record.

    spark-submit jobs/select_sample.py --root var/lake --set sampling.per_label=1000
"""

from __future__ import annotations

import sys

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.transforms.rows.verdicts import kept
from imagelake.transforms.splits.sample import sample_candidates, sample_quotas, shortfalls, take_sample
from imagelake.transforms.splits.units import DUPLICATES, judge_images, with_groups, with_labels

NAMED = 10


def run(work: Work, config: Config) -> None:
    """Count the candidates of each label and keyword, then take the first of them."""
    rules, images = config.sampling, work.read("images")
    if rules.keyword_column and rules.keyword_column not in images.columns:
        raise unknown_choice("sampling.keyword_column", rules.keyword_column, images.columns)
    usable = kept(judge_images(images, work.read("predictions")))
    labelled = with_labels(usable, work.read("labels_clean")).where("label IS NOT NULL")
    if rules.labels:
        labelled = labelled.where(F.col("label").isin(list(rules.labels)))
    units = with_groups(labelled, work.read("duplicate_groups"), DUPLICATES)
    overlap = work.read("image_overlap") if rules.avoid_overlap else None
    candidates = sample_candidates(units, overlap, rules.keyword_column, rules.seed).persist(StorageLevel.DISK_ONLY)
    quotas = work.write("sample_counts", sample_quotas(candidates, rules.per_label))
    missing = shortfalls(quotas, rules.per_label, rules.labels)
    if missing and rules.shortfall == "error":
        named = ", ".join(f"{label} {count:,}" for label, count in list(missing.items())[:NAMED])
        more = f" and {len(missing) - NAMED:,} more labels" if len(missing) > NAMED else ""
        raise ImageLakeError(
            f"sampling.per_label = {rules.per_label:,}: images are missing of {named}{more}; "
            "take fewer, or sampling.shortfall=record to take what there is"
        )
    sample = work.write("sample_images", take_sample(candidates, quotas))
    total, taken = candidates.count(), work.rows["sample_images"]
    work.account("candidates", total, taken, {"not_chosen": total - taken} if total > taken else {})
    work.note("sample", f"{taken:,} images of {sample.select('label').distinct().count():,} labels")
    if rules.avoid_overlap:
        work.note("in a reference as well", f"{sample.where('overlaps > 0').count():,} images")
    if missing:
        work.note("missing", f"{sum(missing.values()):,} images of {len(missing):,} labels")


def needs(config: Config) -> tuple[str, ...]:
    """image_overlap only where overlap is avoided."""
    tables = ("images", "predictions", "labels_clean", "duplicate_groups")
    return (*tables, "image_overlap") if config.sampling.avoid_overlap else tables


JOB = Job(
    name="select_sample",
    doc=__doc__,
    run=run,
    reads=("images", "predictions", "labels_clean", "duplicate_groups", "image_overlap"),
    writes=("sample_images", "sample_counts"),
    settings=("sampling",),
    needs=needs,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
