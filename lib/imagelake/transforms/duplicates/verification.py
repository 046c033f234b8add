"""The comparison of two pictures that may be one: what speaks for it, and how sure that makes it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.measures.duplicate_score import Evidence, Thresholds, crowded_odds, duplicate_score
from imagelake.measures.perceptual_hash import hash_distance, perceptual_hashes
from imagelake.measures.structural_similarity import best_shift_ssim
from imagelake.measures.thumbnail_vectors import rms_distance, thumbnail_vectors
from imagelake.transforms.duplicates.looks import OFFSETS
from imagelake.transforms.duplicates.vectors import pixels_in, vectors_in
from imagelake.vision.fingerprint import grey_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

Keep = Callable[[str, "DataFrame"], "DataFrame"]
"""Stores a frame, and gives it back without the plan that made it; the text is its name."""
VERIFIED = pa.schema(
    {
        "first": pa.int64(),
        "second": pa.int64(),
        "first_look": pa.binary(),
        "second_look": pa.binary(),
        "ssim": pa.float64(),
        "distance": pa.float64(),
        "features_cosine": pa.float64(),
        "whole_cosine": pa.float64(),
        "thumbnail_cosine": pa.float64(),
        "hash_distance": pa.int32(),
        "features_background": pa.float64(),
        "thumbnail_background": pa.float64(),
        "score": pa.float64(),
        "odds": pa.float64(),
        "verified": pa.bool_(),
        "anew": pa.bool_(),
    }
)
BACKGROUNDS = ("features_background", "thumbnail_background")
PAIRS_AT_ONCE = 512  # with two thumbnails of 3,072 bytes and their levels as 32-bit floats: some 20 MB


@dataclass(frozen=True)
class Rules:
    """How two pictures are compared.

    Attributes:
        thresholds: when they count as one.
        reach: pixels of a thumbnail that one picture may be shifted against the other.
    """

    thresholds: Thresholds
    reach: int


Comparison = Callable[[pa.RecordBatch, Rules], pa.RecordBatch]
"""From a batch of pairs to the columns of VERIFIED."""


def verify_pairs(
    pairs: DataFrame, pictures: DataFrame, rules: Rules, known: KnownComparisons | None = None
) -> DataFrame:
    """Every candidate with its evidence, its score, whether it is verified, and whether it was compared anew.

    Only the thumbnails of candidates travel that were not compared before. Features are compared in any case, because
    the space they are projected to is of this run; that costs little beside the comparison of thumbnails.

    Args:
        pairs: first, second.
        pictures: picture, look, thumbnail, features_vector and its offsets (null where there are none), and both
            backgrounds.
        rules: how they are compared.
        known: comparisons of an earlier run; None where there are none.
    """
    described = pictures.drop("thumbnail")
    if known is None:
        return _applied(_beside(pairs, pictures), compare_pairs, rules)
    named = known.keep("candidates", known.of(_beside(pairs, described.select("picture", "look"))))
    fresh = named.where("ssim IS NULL").select("first", "second")
    taken = named.where("ssim IS NOT NULL").drop("first_look", "second_look")
    made = _applied(_beside(fresh, pictures), compare_pairs, rules)
    return made.unionByName(_applied(_beside(taken, described), score_pairs, rules))


@dataclass(frozen=True)
class KnownComparisons:
    """Comparisons of thumbnails that an earlier run made.

    Attributes:
        comparisons: the duplicate_comparisons table of that run.
        keep: stores a frame that is read twice.
    """

    comparisons: DataFrame
    keep: Keep

    def of(self, pairs: DataFrame) -> DataFrame:
        """Pairs with what their thumbnails were found to have in common, null where they were not compared."""
        return pairs.join(
            self.comparisons.withColumnsRenamed({"look": "first_look", "other_look": "second_look"}),
            ["first_look", "second_look"],
            how="left",
        )


def comparisons_of(compared: DataFrame) -> DataFrame:
    """Rows of the duplicate_comparisons table: what follows from the thumbnails of a pair alone."""
    return compared.select(
        F.col("first_look").alias("look"),
        F.col("second_look").alias("other_look"),
        *("ssim", "distance", "thumbnail_cosine", "hash_distance"),
    )


def _beside(pairs: DataFrame, pictures: DataFrame) -> DataFrame:
    """Pairs with all that is said of their pictures: columns first_NAME and second_NAME."""
    both = pairs
    for side in ("first", "second"):
        named = {name: f"{side}_{name}" for name in pictures.columns if name != "picture"}
        both = both.join(pictures.withColumnsRenamed({**named, "picture": side}), side, how="inner")
    return both


def _applied(pairs: DataFrame, function: Comparison, rules: Rules) -> DataFrame:
    """A function of batches of pairs, in parts of `PAIRS_AT_ONCE`."""

    def compare(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for start in range(0, batch.num_rows, PAIRS_AT_ONCE):
                yield function(batch.slice(start, PAIRS_AT_ONCE), rules)

    return pairs.mapInArrow(compare, from_arrow_schema(VERIFIED))


def compare_pairs(batch: pa.RecordBatch, rules: Rules) -> pa.RecordBatch:
    """Evidence, score and verdict of P pairs.

    Args:
        batch: first, second, and of each look, thumbnail, features_vector, its offsets, and backgrounds.
        rules: how they are compared.
    """
    first, second = (pixels_in(batch[f"{side}_thumbnail"]) for side in ("first", "second"))
    grey = grey_of(first), grey_of(second)
    evidence = Evidence(
        ssim=best_shift_ssim(*grey, rules.reach).astype(np.float64),
        distance=rms_distance(first, second).astype(np.float64),
        features_cosine=_cosines(batch["first_features_vector"], batch["second_features_vector"]),
        thumbnail_cosine=np.einsum("pd,pd->p", thumbnail_vectors(first), thumbnail_vectors(second)).astype(np.float64),
        hash_distance=hash_distance(perceptual_hashes(grey[0]), perceptual_hashes(grey[1])),
    )
    return _verified(batch, evidence, rules.thresholds, anew=True)


def score_pairs(batch: pa.RecordBatch, rules: Rules) -> pa.RecordBatch:
    """The rows of `compare_pairs` for P pairs whose thumbnails were compared before.

    Args:
        batch: first, second, ssim, distance, thumbnail_cosine and hash_distance, and of each look, features_vector, its
            offsets, and backgrounds.
        rules: how they are compared.
    """
    evidence = Evidence(
        features_cosine=_cosines(batch["first_features_vector"], batch["second_features_vector"]),
        **{name: batch[name].to_numpy() for name in ("ssim", "distance", "thumbnail_cosine", "hash_distance")},
    )
    return _verified(batch, evidence, rules.thresholds, anew=False)


def _verified(batch: pa.RecordBatch, evidence: Evidence, thresholds: Thresholds, anew: bool) -> pa.RecordBatch:
    backgrounds = {
        name: (batch[f"first_{name}"].to_numpy() + batch[f"second_{name}"].to_numpy()) / 2 for name in BACKGROUNDS
    }
    whole = _whole_cosines(batch, evidence.features_cosine)
    score = duplicate_score(evidence)
    verified = thresholds.passed(score, evidence.ssim, evidence.distance)
    return pa.record_batch(
        {
            **{name: batch[name] for name in ("first", "second", "first_look", "second_look")},
            "ssim": pa.array(evidence.ssim, pa.float64()),
            "distance": pa.array(evidence.distance, pa.float64()),
            "features_cosine": pa.array(evidence.features_cosine, pa.float64(), from_pandas=True),
            "whole_cosine": pa.array(whole, pa.float64(), from_pandas=True),
            "thumbnail_cosine": pa.array(evidence.thumbnail_cosine, pa.float64()),
            "hash_distance": pa.array(evidence.hash_distance, pa.int32()),
            **{name: pa.array(values, pa.float64()) for name, values in backgrounds.items()},
            "score": pa.array(score, pa.float64()),
            "odds": pa.array(
                crowded_odds(replace(evidence, features_cosine=whole), *backgrounds.values()), pa.float64()
            ),
            "verified": pa.array(verified),
            "anew": pa.array(np.full(batch.num_rows, anew)),
        },
        schema=VERIFIED,
    )


def with_priority(compared: DataFrame) -> DataFrame:
    """Add ``priority`` instead of odds: what decides which pair is looked at first, the highest first.

    The odds of a pair in its surroundings, less what its pictures have in better pairs, on average: whoever has judged
    the best pair of a picture learns little from its next.
    """
    ends = [compared.select(F.col(end).alias("picture"), "odds") for end in ("first", "second")]
    best = ends[0].unionByName(ends[1]).groupBy("picture").agg(F.max("odds").alias("best"))
    joined = compared
    for end in ("first", "second"):
        joined = joined.join(best.withColumnsRenamed({"picture": end, "best": f"{end}_best"}), end, how="inner")
    better = (F.col("first_best") + F.col("second_best")) / 2
    return joined.withColumn("priority", 2 * F.col("odds") - better).drop("odds", "first_best", "second_best")


def _cosines(first: pa.Array, second: pa.Array) -> NDArray[np.float32]:
    """The cosines of pairs of vectors in half precision; NaN where one of them is null."""
    known = pc.and_(first.is_valid(), second.is_valid())
    one, other = (vectors_in(vectors.filter(known)).astype(np.float32) for vectors in (first, second))
    cosines = np.full(len(first), np.nan, np.float32)
    cosines[known.to_numpy(zero_copy_only=False)] = np.einsum("nd,nd->n", one, other)
    return cosines


def _whole_cosines(batch: pa.RecordBatch, cosines: NDArray[np.floating]) -> NDArray[np.float64]:
    """The cosines of features from those of projected ones, about; NaN where one of them is null."""
    first, second = (
        [batch[f"{side}_{name}"].to_numpy(zero_copy_only=False).astype(np.float64) for name in OFFSETS]
        for side in ("first", "second")
    )
    return np.asarray(cosines * first[0] * second[0] + first[1] + second[1], np.float64)
