"""Near duplicates: few candidates a picture, each compared."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.measures.duplicate_score import Thresholds
from imagelake.transforms.duplicates.hash_candidates import pairs_by_hash
from imagelake.transforms.duplicates.looks import OFFSETS, project_looks
from imagelake.transforms.duplicates.neighbours import Reach, backgrounds_of, nearest_pictures, pairs_of
from imagelake.transforms.duplicates.spaces import least_cosines
from imagelake.transforms.duplicates.verdicts import judged
from imagelake.transforms.duplicates.verification import (
    BACKGROUNDS,
    Keep,
    KnownComparisons,
    Rules,
    verify_pairs,
)
from imagelake.transforms.rows.looks import thumbnail_hash

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import DataFrame

    from imagelake.config import DuplicatesSection
    from imagelake.transforms.duplicates.spaces import Space


@dataclass(frozen=True)
class Pictures:
    """What is compared.

    Attributes:
        copies: as `number_pictures` gives them, stored.
        predictions: image_id, features, thumbnail and perceptual_hash.
        spaces: in which they have neighbours, as `learn_spaces` gives them.
        verdicts: first, second and verdict: pairs that are compared in any case, and of which people know better; None
            where nobody has judged.
        comparisons: the duplicate_comparisons table of an earlier run whose rows hold; None where there is none.
    """

    copies: DataFrame
    predictions: DataFrame
    spaces: Sequence[Space]
    verdicts: DataFrame | None = None
    comparisons: DataFrame | None = None


def near_pairs(pictures: Pictures, rules: DuplicatesSection, keep: Keep) -> DataFrame:
    """The candidates among pictures, compared, stored: the columns of `verify_pairs`, and verdict.

    Candidates are the nearest by features and by thumbnails, and those whose perceptual hashes nearly agree. What is
    stored between two steps costs a small lake more time than the steps do, so each does all that it can at once.

    Args:
        pictures: what is compared.
        rules: how far to look, and when two pictures are one.
        keep: stores what several steps read.
    """
    spaces = pictures.spaces
    best = pictures.copies.where("best").select("image_id", "picture", "side")
    projected = project_looks(pictures.predictions, spaces)
    look = F.unhex(thumbnail_hash()).alias("look")
    looks = keep("looks", projected.join(best, "image_id", how="inner").select("*", look).drop("image_id"))
    found, described = [pairs_by_hash(looks, rules.hash_bits, rules.hash_leaders)], looks
    if spaces:
        reach = Reach(rules.neighbours, rules.cells)
        nearest = keep("nearest", nearest_pictures(looks, spaces, reach))
        found.append(pairs_of(nearest))
        described = looks.join(backgrounds_of(nearest, spaces, reach), "picture", how="left")
    if pictures.verdicts is not None:
        found.append(pictures.verdicts.select("first", "second"))
    candidates = reduce(lambda one, other: one.unionByName(other), found).distinct()
    comparison = Rules(Thresholds.of(rules), rules.shift)
    earlier = None if pictures.comparisons is None else KnownComparisons(pictures.comparisons, keep)
    compared = verify_pairs(candidates, _completed(described, least_cosines(rules)), comparison, earlier)
    return keep("compared", judged(compared, pictures.verdicts))


def _completed(described: DataFrame, floors: Mapping[str, float]) -> DataFrame:
    """What `verify_pairs` reads of pictures, also where there are no features, or no neighbours."""
    there = described.columns
    absent = {name: F.lit(None).cast("double") for name in (*BACKGROUNDS, *OFFSETS) if name not in there}
    if "features_vector" not in there:
        absent["features_vector"] = F.lit(None).cast("binary")
    crowds: dict[str, float | str | bool] = {f"{column}_background": floor for column, floor in floors.items()}
    complete = described.withColumns(absent).fillna(crowds)
    return complete.select("picture", "look", "thumbnail", "features_vector", *OFFSETS, *crowds)
