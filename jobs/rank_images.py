"""Rank the images by quality: PPI by default, or size, file size, texture, or a combination of these.

Reads images, predictions, labels_clean, boxes. Writes image_quality, one row an image that can be decoded, and
image_rank, its rank over all images and within each of its labels. Ranks 1 to 10 of each label are selected by default.
Images are classified as photo or depiction by their boxes, or by a discriminant trained on these. Without predictions
there is neither texture nor discriminant.
Cost: at most 15 s for 1,212 images on two cores.

    spark-submit jobs/rank_images.py --root var/lake --set rank.order=nearest --set rank.target=17.8
"""

from __future__ import annotations

import sys

from pyspark import StorageLevel

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import Inputs
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.resolve.network import HOW_TO_GIVE_WEIGHTS
from imagelake.transforms.rank.image_kinds import image_kinds
from imagelake.transforms.rank.image_quality import (
    PREDICTED_MEASURES,
    add_decoding_errors,
    combine_quality,
    judge_sizes,
    measure_images,
)
from imagelake.transforms.rank.image_rank import rank_images, top_images
from imagelake.transforms.rows.verdicts import count_by_reason, kept, rejected


def run(work: Work, config: Config) -> None:
    """Measure every image with a size, then rank all of them by one measure."""
    if not work.has("predictions"):
        check_measure(config.rank.measure)
    images, predictions = work.read("images"), work.read("predictions")
    judged = judge_sizes(add_decoding_errors(images, predictions))
    measured = measure_images(kept(judged), predictions).persist(StorageLevel.DISK_ONLY)
    kinds = image_kinds(predictions, work.read("boxes"))
    quality = work.write("image_quality", combine_quality(measured).join(kinds.table, "image_id", how="left"))
    ranks = work.write("image_rank", rank_images(quality, work.read("labels_clean"), config.rank))
    work.account("images", images.count(), work.rows["image_quality"], count_by_reason(rejected(judged)))
    work.note("best first", f"{config.rank.measure}, {config.rank.order}")
    work.note("top images", top_images(ranks) or "none")
    work.note("selected", f"{ranks.where('selected').select('image_id').distinct().count():,} images")
    work.note("photo or depiction", kinds.source)
    work.images = work.rows["image_quality"]


def check(config: Config, _: Inputs) -> None:
    """See that what the ranking is by will be measured, before anything runs."""
    if not config.model.has_network:
        check_measure(config.rank.measure)


def check_measure(measure: str) -> None:
    """See that a measure needs no predictions.

    Raises:
        ImageLakeError: it does.
    """
    if measure in PREDICTED_MEASURES:
        raise ImageLakeError(
            f"rank.measure = {measure!r} is of the texture that predict_images measures, and there are no predictions: "
            f"give {HOW_TO_GIVE_WEIGHTS}, or rank by ppi"
        )


JOB = Job(
    name="rank_images",
    doc=__doc__,
    run=run,
    reads=("images", "predictions", "labels_clean", "boxes"),
    writes=("image_quality", "image_rank"),
    optional=("predictions",),
    settings=("rank",),
    check=check,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
