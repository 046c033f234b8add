"""The comparison of two pictures that may be one: what speaks for it, and how sure that makes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.measures.duplicate_score import Evidence, crowded_odds, duplicate_score
from imagelake.measures.perceptual_hash import hash_distance, perceptual_hashes
from imagelake.measures.structural_similarity import best_shift_ssim
from imagelake.measures.thumbnail_vectors import rms_distance, thumbnail_vectors
from imagelake.search.scan import HALF
from imagelake.transforms.duplicates.looks import pixels_in
from imagelake.vision.fingerprint import grey_of

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

VERIFIED = pa.schema(
    {
        "first": pa.int64(),
        "second": pa.int64(),
        "ssim": pa.float64(),
        "distance": pa.float64(),
        "features_cosine": pa.float64(),
        "thumbnail_cosine": pa.float64(),
        "hash_distance": pa.int32(),
        "score": pa.float64(),
        "odds": pa.float64(),
        "verified": pa.bool_(),
    }
)
BACKGROUNDS = ("features_background", "thumbnail_background")
PAIRS_AT_ONCE = 512  # with two thumbnails of 3,072 bytes and their levels as 32-bit floats: some 20 MB


@dataclass(frozen=True)
class Thresholds:
    """When two pictures count as one: all of these hold.

    Attributes:
        score: at least.
        ssim: above, over the best shift.
        distance: below, root mean square in levels.
        reach: pixels of a thumbnail that one picture may be shifted against the other.
    """

    score: float
    ssim: float
    distance: float
    reach: int


def verify_pairs(pairs: DataFrame, pictures: DataFrame, thresholds: Thresholds) -> DataFrame:
    """Every candidate with its evidence, its score and whether it is verified.

    Only the thumbnails of candidates travel.

    Args:
        pairs: first, second.
        pictures: picture, thumbnail, features (projected, null where there are none) and both backgrounds.
        thresholds: when a pair is verified.
    """

    def compare(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for start in range(0, batch.num_rows, PAIRS_AT_ONCE):
                yield compare_pairs(batch.slice(start, PAIRS_AT_ONCE), thresholds)

    sides = [
        pictures.select(
            F.col("picture").alias(side),
            F.col("thumbnail").alias(f"{side}_thumbnail"),
            F.col("features").alias(f"{side}_features"),
            *(F.col(name).alias(f"{side}_{name}") for name in BACKGROUNDS),
        )
        for side in ("first", "second")
    ]
    both = pairs.select("first", "second").join(sides[0], "first", how="inner").join(sides[1], "second", how="inner")
    return both.mapInArrow(compare, from_arrow_schema(VERIFIED))


def compare_pairs(batch: pa.RecordBatch, thresholds: Thresholds) -> pa.RecordBatch:
    """Evidence, score and verdict of P pairs.

    Args:
        batch: first, second, and of each thumbnail, features and backgrounds.
        thresholds: when a pair is verified.
    """
    first, second = (pixels_in(batch[f"{side}_thumbnail"]) for side in ("first", "second"))
    grey = grey_of(first), grey_of(second)
    evidence = Evidence(
        ssim=best_shift_ssim(*grey, thresholds.reach),
        distance=rms_distance(first, second),
        features_cosine=_cosines(batch["first_features"], batch["second_features"]),
        thumbnail_cosine=np.einsum("pd,pd->p", thumbnail_vectors(first), thumbnail_vectors(second)),
        hash_distance=hash_distance(perceptual_hashes(grey[0]), perceptual_hashes(grey[1])),
    )
    backgrounds = ((batch[f"first_{name}"].to_numpy() + batch[f"second_{name}"].to_numpy()) / 2 for name in BACKGROUNDS)
    score = duplicate_score(evidence)
    verified = (
        (score >= thresholds.score) & (evidence.ssim > thresholds.ssim) & (evidence.distance < thresholds.distance)
    )
    return pa.record_batch(
        {
            "first": batch["first"],
            "second": batch["second"],
            "ssim": pa.array(evidence.ssim, pa.float64()),
            "distance": pa.array(evidence.distance, pa.float64()),
            "features_cosine": pa.array(evidence.features_cosine, pa.float64(), from_pandas=True),
            "thumbnail_cosine": pa.array(evidence.thumbnail_cosine, pa.float64()),
            "hash_distance": pa.array(evidence.hash_distance),
            "score": pa.array(score, pa.float64()),
            "odds": pa.array(crowded_odds(evidence, *backgrounds), pa.float64()),
            "verified": pa.array(verified),
        },
        schema=VERIFIED,
    )


def with_priority(compared: DataFrame) -> DataFrame:
    """Add ``priority`` instead of odds: what decides which pair is looked at first, the highest first.

    The odds of a pair in its surroundings, less what its pictures have in better pairs: whoever has judged the best
    pair of a picture learns little from its next.
    """
    ends = [compared.select(F.col(end).alias("picture"), "odds") for end in ("first", "second")]
    best = ends[0].unionByName(ends[1]).groupBy("picture").agg(F.max("odds").alias("best"))
    joined = compared
    for end in ("first", "second"):
        joined = joined.join(best.withColumnsRenamed({"picture": end, "best": f"{end}_best"}), end, how="inner")
    lacking = F.col("odds") - F.greatest("first_best", "second_best")
    return joined.withColumn("priority", F.col("odds") + lacking).drop("odds", "first_best", "second_best")


def _cosines(first: pa.Array, second: pa.Array) -> NDArray[np.float32]:
    """The cosines of pairs of vectors in half precision; NaN where one of them is null."""
    cosines = np.full(len(first), np.nan, np.float32)
    pairs = zip(first.to_pylist(), second.to_pylist(), strict=True)
    for row, (one, other) in enumerate(pairs):
        if one is not None and other is not None:
            cosines[row] = np.frombuffer(one, HALF).astype(np.float32) @ np.frombuffer(other, HALF).astype(np.float32)
    return cosines
