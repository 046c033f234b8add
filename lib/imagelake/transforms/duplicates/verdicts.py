"""What people say of pairs: read from files, kept beside earlier ones, and held against the scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as F

from imagelake.judging.forms import PAIRS
from imagelake.judging.verdict_files import read_verdicts
from imagelake.measures.calibration import calibrate
from imagelake.measures.intervals import wilson_interval

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

COLUMNS = (*PAIRS.columns, "verdict")
LEVEL = 0.95
FEWEST = 10  # of each verdict, to calibrate by


def read_files(files: Mapping[str, bytes]) -> dict[tuple[str, str], str]:
    """The verdicts of several files, the names of each pair in their order; of two on one pair the later one.

    Raises:
        ImageLakeError: a file is none of verdicts on pairs; the message names it, and the line.
    """
    verdicts: dict[tuple[str, str], str] = {}
    for name, content in files.items():
        verdicts |= read_verdicts(PAIRS, content, name)
    return verdicts


def unknown_images(verdicts: Iterable[tuple[str, str]], images: DataFrame) -> list[str]:
    """Images of verdicts that the lake does not hold."""
    named = sorted({image_id for pair in verdicts for image_id in pair})
    if not named:
        return []
    frame = images.sparkSession.createDataFrame([(image_id,) for image_id in named], "image_id string")
    return [row["image_id"] for row in frame.join(images, "image_id", how="left_anti").orderBy("image_id").collect()]


def picture_verdicts(copies: DataFrame, verdicts: DataFrame) -> DataFrame:
    """Verdicts on images as verdicts on pictures: first, second, verdict.

    Where people judged several copies of two pictures differently, one who saw a difference is right.
    """
    pictures = copies.select("image_id", "picture")
    one = pictures.withColumnsRenamed({"picture": "one"})
    other = pictures.withColumnsRenamed({"image_id": "other_id", "picture": "other"})
    pairs = verdicts.join(one, "image_id", how="inner").join(other, "other_id", how="inner").where("one != other")
    first, second = F.least("one", "other").alias("first"), F.greatest("one", "other").alias("second")
    return pairs.groupBy(first, second).agg(F.min("verdict").alias("verdict"))


def judged(compared: DataFrame, verdicts: DataFrame | None) -> DataFrame:
    """Pairs with a column verdict, which wins over their score: `verified` says what people said.

    Without verdicts the column is null.
    """
    if verdicts is None:
        return compared.withColumn("verdict", F.lit(None).cast("string"))
    return compared.join(F.broadcast(verdicts), ["first", "second"], how="left").withColumn(
        "verified", F.coalesce(F.col("verdict") == "duplicate", "verified")
    )


def verdict_notes(pairs: DataFrame, min_score: float) -> dict[str, str]:
    """What the verdicts say of the scores: precision at the threshold, and a better threshold where it is known."""
    rows = pairs.where("verdict IS NOT NULL AND score IS NOT NULL").select("score", "verdict").collect()
    if not rows:
        return {}
    scores = np.array([row["score"] for row in rows])
    outcomes = np.array([row["verdict"] == "duplicate" for row in rows])
    above = outcomes[scores >= min_score]
    notes = {"verdicts": f"{len(rows):,} pairs, {int(outcomes.sum()):,} of them duplicates"}
    if len(above):
        low, high = wilson_interval(int(above.sum()), len(above), LEVEL)
        notes["precision"] = (
            f"{above.mean():.2f} ({low:.2f} to {high:.2f}) of {len(above):,} judged pairs from score {min_score:g} on"
        )
    if min(outcomes.sum(), (~outcomes).sum()) >= FEWEST:
        threshold = calibrate(scores, outcomes).threshold(0.5)
        notes["proposed"] = f"duplicates.min_score={threshold:.3f}, from which on more than half are duplicates"
    return notes
