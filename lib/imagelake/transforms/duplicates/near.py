"""Near duplicates: few candidates a picture, each compared."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

from pyspark import StorageLevel
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


def near_pairs(
    copies: DataFrame, predictions: DataFrame, rules: DuplicatesSection, verdicts: DataFrame, with_features: bool = True
) -> DataFrame:
    """The candidates among pictures, compared: the columns of `with_priority`, and verdict.

    Candidates are the nearest by features and by thumbnails, and those whose perceptual hashes nearly agree.

    Args:
        copies: as `number_pictures` gives them.
        predictions: image_id, features, thumbnail and perceptual_hash.
        rules: how far to look, and when two pictures are one.
        verdicts: first, second and verdict: pairs that are compared in any case, and of which people know better.
        with_features: whether features may be compared, where there are any.
    """
    pictures = count_pictures(copies)
    best = copies.where("best").select("image_id", "picture", "side").persist(StorageLevel.DISK_ONLY)
    least = {"features": rules.min_features_cosine, "thumbnail": rules.min_thumbnail_cosine}
    vectors, found, backgrounds = {}, [], {}
    for column, cells in _spaces(predictions, pictures, with_features).items():
        projected = project_pictures(predictions, column, VECTORS[column], cells)
        vectors[column] = (
            projected.join(best, "image_id", how="inner")
            .select("picture", "side", "vector")
            .persist(StorageLevel.DISK_ONLY)
        )
        reach = Reach(rules.neighbours, rules.cells, least[column])
        nearest = nearest_pictures(vectors[column], cells, reach).persist(StorageLevel.DISK_ONLY)
        found.append(pairs_of(nearest))
        backgrounds[column] = backgrounds_of(nearest, reach, f"{column}_background")
    hashed = predictions.join(best, "image_id", how="inner")
    found.append(pairs_by_hash(hashed, rules.hash_bits, rules.hash_leaders))
    found.append(verdicts.select("first", "second"))
    candidates = reduce(lambda one, other: one.unionByName(other), found).distinct()
    looks = hashed.where("thumbnail IS NOT NULL").select("picture", "thumbnail")
    if "features" in vectors:
        looks = looks.join(vectors["features"].select("picture", "vector"), "picture", how="left")
    else:
        looks = looks.withColumn("vector", F.lit(None).cast("binary"))
    for column, floor in least.items():
        name = f"{column}_background"
        if column in backgrounds:
            looks = looks.join(backgrounds[column], "picture", how="left").fillna(floor, [name])
        else:
            looks = looks.withColumn(name, F.lit(floor))
    thresholds = Thresholds(rules.min_score, rules.min_ssim, rules.max_distance, rules.shift)
    return judged(with_priority(verify_pairs(candidates, looks, thresholds)), verdicts)


def _spaces(predictions: DataFrame, pictures: int, with_features: bool) -> dict[str, Cells]:
    """The space of each column of predictions that pictures are compared by."""
    spaces = {
        "features": cells_of_features(predictions, pictures) if with_features else None,
        "thumbnail": cells_of_thumbnails(predictions, pictures),
    }
    return {column: cells for column, cells in spaces.items() if cells is not None}
