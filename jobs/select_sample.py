"""Select a balanced sample: so many images of each label, in the proportions of their keywords.

Reads images, predictions, labels_clean, duplicate_groups, duplicate_pairs, and image_overlap where
sampling.avoid_overlap is set. Writes sample_images, and sample_counts with what each stage leaves of every label and
keyword: decoded, without exact duplicates, in no reference, without near duplicates, after people's verdicts. No two
images are of one group of duplicates, and images that no reference lake holds come first. Too few candidates are an
error that says how many are missing, or are recorded with sampling.shortfall=record.
Cost: at most 20 s for 1,000 of each of ten labels from 60,000 images, on two cores.

    spark-submit jobs/select_sample.py --root var/lake --set sampling.per_label=1000
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.errors import ImageLakeError, unknown_choice
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.transforms.rows.verdicts import kept
from imagelake.transforms.splits.sample import (
    count_overlaps,
    sample_candidates,
    sample_quotas,
    shortfalls,
    take_sample,
    with_keywords,
)
from imagelake.transforms.splits.stages import STAGES, count_stages, overruled_images, with_pixel_keys
from imagelake.transforms.splits.units import DUPLICATES, judge_images, with_groups, with_labels

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAMED = 10


def run(work: Work, config: Config) -> None:
    """Count the candidates of each label and keyword, then take the first of them."""
    rules, images = config.sampling, work.read("images")
    if rules.keyword_column and rules.keyword_column not in images.columns:
        raise unknown_choice("sampling.keyword_column", rules.keyword_column, images.columns)
    predictions = work.read("predictions")
    judged = with_pixel_keys(judge_images(images, predictions), predictions)
    labelled = with_labels(judged, work.read("labels_clean")).where("label IS NOT NULL")
    if rules.labels:
        labelled = labelled.where(F.col("label").isin(list(rules.labels)))
    labelled = with_keywords(labelled, rules.keyword_column)
    units = with_groups(labelled, work.read("duplicate_groups"), DUPLICATES).persist(StorageLevel.DISK_ONLY)
    overlaps = count_overlaps(work.read("image_overlap").where(F.lit(rules.avoid_overlap)))
    candidates = sample_candidates(kept(units), overlaps, rules.seed).persist(StorageLevel.DISK_ONLY)
    stages = count_stages(
        units, candidates, overruled_images(work.read("duplicate_pairs"), config.duplicates), overlaps
    )
    quotas = work.write("sample_counts", sample_quotas(stages, candidates, rules.per_label))
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
    work.note("images by stage", stage_note(quotas))
    work.note("sample", f"{taken:,} images of {sample.select('label').distinct().count():,} labels")
    if rules.avoid_overlap:
        work.note("in a reference as well", f"{sample.where('overlaps > 0').count():,} images")
    if missing:
        work.note("missing", f"{sum(missing.values()):,} images of {len(missing):,} labels")


def stage_note(counts: DataFrame) -> str:
    """What each stage leaves, of all labels together."""
    columns = (*STAGES, "taken")
    total = counts.agg(*(F.sum(name).alias(name) for name in columns)).first()
    return ", ".join(f"{name} {(total[name] if total else None) or 0:,}" for name in columns)


def needs(config: Config) -> tuple[str, ...]:
    """image_overlap only where overlap is avoided."""
    tables = ("images", "predictions", "labels_clean", "duplicate_groups", "duplicate_pairs")
    return (*tables, "image_overlap") if config.sampling.avoid_overlap else tables


JOB = Job(
    name="select_sample",
    doc=__doc__,
    run=run,
    reads=("images", "predictions", "labels_clean", "duplicate_groups", "duplicate_pairs", "image_overlap"),
    optional=("image_overlap",),
    writes=("sample_images", "sample_counts"),
    settings=("sampling", "duplicates.min_score", "duplicates.min_ssim", "duplicates.max_distance"),
    needs=needs,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
