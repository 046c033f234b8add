"""Near duplicates: few candidates a picture, each compared."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.duplicates.hash_candidates import pairs_by_hash
from imagelake.transforms.duplicates.looks import VECTORS, cells_of_features, cells_of_thumbnails
from imagelake.transforms.duplicates.neighbours import (
    Reach,
    backgrounds_of,
    nearest_pictures,
    pairs_of,
    project_pictures,
)
from imagelake.transforms.duplicates.pictures import count_pictures
from imagelake.transforms.duplicates.verdicts import judged
from imagelake.transforms.duplicates.verification import Thresholds, verify_pairs, with_priority

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.config import DuplicatesSection
    from imagelake.search.cells import Cells


Keep = Callable[[str, "DataFrame"], "DataFrame"]
"""Stores a frame, and gives it back without the plan that made it; the text is its name."""


@dataclass(frozen=True)
class Pictures:
    """What is compared.

    Attributes:
        copies: as `number_pictures` gives them, stored.
        predictions: image_id, features, thumbnail and perceptual_hash.
        verdicts: first, second and verdict: pairs that are compared in any case, and of which people know better.
        with_features: whether features may be compared, where there are any.
    """

    copies: DataFrame
    predictions: DataFrame
    verdicts: DataFrame
    with_features: bool = True


def near_pairs(pictures: Pictures, rules: DuplicatesSection, keep: Keep) -> DataFrame:
    """The candidates among pictures, compared, stored: the columns of `with_priority`, and verdict.

    Candidates are the nearest by features and by thumbnails, and those whose perceptual hashes nearly agree.

    Args:
        pictures: what is compared.
        rules: how far to look, and when two pictures are one.
        keep: stores what several steps read.
    """
    best = pictures.copies.where("best").select("image_id", "picture", "side")
    least = {"features": rules.min_features_cosine, "thumbnail": rules.min_thumbnail_cosine}
    thumbnails = pictures.predictions.select("image_id", "perceptual_hash", "thumbnail")
    hashed = thumbnails.where("thumbnail IS NOT NULL").join(best, "image_id", how="inner")
    looks = hashed.select("picture", "thumbnail")
    found = [pairs_by_hash(hashed, rules.hash_bits, rules.hash_leaders), pictures.verdicts.select("first", "second")]
    spaces = _spaces(pictures)
    if "features" not in spaces:
        looks = looks.withColumn("features", F.lit(None).cast("binary"))
    for column, floor in least.items():
        background = f"{column}_background"
        if column not in spaces:
            looks = looks.withColumn(background, F.lit(floor))
            continue
        projected = project_pictures(pictures.predictions, column, VECTORS[column], spaces[column])
        vectors = keep(column, projected.join(best, "image_id", how="inner").select("picture", "side", "vector"))
        reach = Reach(rules.neighbours, rules.cells, floor)
        nearest = keep(f"nearest_{column}", nearest_pictures(vectors, spaces[column], reach))
        found.append(pairs_of(nearest))
        crowds = backgrounds_of(nearest, reach, background)
        looks = looks.join(crowds, "picture", how="left").fillna(floor, [background])
        if column == "features":
            looks = looks.join(vectors.select("picture", F.col("vector").alias("features")), "picture", how="left")
    candidates = keep("candidates", reduce(lambda one, other: one.unionByName(other), found).distinct())
    thresholds = Thresholds(rules.min_score, rules.min_ssim, rules.max_distance, rules.shift)
    compared = keep("compared", verify_pairs(candidates, looks, thresholds))
    return keep("judged", judged(with_priority(compared), pictures.verdicts))


def _spaces(pictures: Pictures) -> dict[str, Cells]:
    """The space of each column of predictions that pictures are compared by."""
    predictions, count = pictures.predictions, count_pictures(pictures.copies)
    spaces = {
        "features": cells_of_features(predictions, count) if pictures.with_features else None,
        "thumbnail": cells_of_thumbnails(predictions, count),
    }
    return {column: cells for column, cells in spaces.items() if cells is not None}
