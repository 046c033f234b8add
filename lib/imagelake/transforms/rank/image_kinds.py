"""Photo or depiction: from boxes, else from a discriminant of the features.

Letters: N images, D features.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.measures.discriminant import Discriminant, auc
from imagelake.search.query import DEPICTION, PHOTO
from imagelake.transforms.rows.features import feature_sample, features_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame

FEWEST = 50  # known images of each kind that the discriminant needs
MOST = 10_000  # of 1,024 features: 40 MB
HELD_OUT = 5  # one in so many known images is held out, to measure the AUC
ENOUGH_AUC = 0.9  # below it the discriminant is not used
SCORED = pa.schema({"image_id": pa.string(), "depiction_score": pa.float64()})


@dataclass(frozen=True)
class ImageKinds:
    """The kind of each image.

    Attributes:
        table: image_id, kind, depiction_score, for images with a kind or score.
        source: the source of the kinds, as text for the summary.
    """

    table: DataFrame
    source: str


def image_kinds(predictions: DataFrame, boxes: DataFrame) -> ImageKinds:
    """The kind of every image with boxes or features that show it.

    An image with a box marked as depiction is a depiction, one whose boxes are all marked as none is a photo. If there
    are 50 of each kind, a linear discriminant of the features is trained on them on the driver. If its AUC on held-out
    images is at least 0.9, it decides the kind of the others.
    """
    known = known_kinds(boxes).persist()
    images = predictions.where("error IS NULL AND features IS NOT NULL").select("image_id", "features")
    learnt, source = _learn(images.join(known, "image_id", how="inner"))
    scores = known.sparkSession.createDataFrame([], "image_id string, depiction_score double")
    if learnt is not None:
        scores = depiction_scores(images, learnt)
    measured = F.when(F.col("depiction_score") >= 0.5, DEPICTION).when(F.col("depiction_score") < 0.5, PHOTO)
    table = known.join(scores, "image_id", how="full_outer").select(
        "image_id", F.coalesce("kind", measured).alias("kind"), "depiction_score"
    )
    return ImageKinds(table, source)


def known_kinds(boxes: DataFrame) -> DataFrame:
    """The kind by boxes: image_id, kind; no row for an image whose boxes have no flag."""
    says = boxes.groupBy("image_id").agg(F.max("is_depiction").alias("says")).where("says >= 0")
    return says.select("image_id", F.when(F.col("says") == 1, DEPICTION).otherwise(PHOTO).alias("kind"))


def _learn(known: DataFrame) -> tuple[Discriminant | None, str]:
    """The discriminant, or None if it is too inaccurate; and the reason as text for the summary."""
    counts = {row["kind"]: row["count"] for row in known.groupBy("kind").count().collect()}
    numbers = [counts.get(kind, 0) for kind in (PHOTO, DEPICTION)]
    says = f"boxes, of {numbers[0]:,} photos and {numbers[1]:,} depictions"
    if min(numbers) < FEWEST:
        return None, f"{says}; too few of a kind to learn from ({FEWEST})"
    photos, depictions = (
        feature_sample(known.where(F.col("kind") == kind).select("image_id", "features"), number, min(number, MOST))
        for kind, number in zip((PHOTO, DEPICTION), numbers, strict=True)
    )
    share = numbers[1] / sum(numbers)
    # They are in the order of a hash of their names, which is independent of their content.
    kept_back = [rows[::HELD_OUT] for rows in (photos, depictions)]
    learnt_from = [np.delete(rows, slice(None, None, HELD_OUT), axis=0) for rows in (photos, depictions)]
    learnt = Discriminant.of(learnt_from[0], learnt_from[1], share)
    area = auc(*(learnt.probabilities(rows) for rows in kept_back))
    if area < ENOUGH_AUC:
        return None, f"{says}; features do not tell them apart (AUC {area:.2f}, {ENOUGH_AUC} is needed)"
    return learnt, f"{says}; the others by their features (AUC {area:.3f} on {sum(map(len, kept_back)):,} kept back)"


def depiction_scores(images: DataFrame, learnt: Discriminant) -> DataFrame:
    """The probability of each image to be a depiction: image_id, depiction_score.

    Args:
        images: image_id and features.
        learnt: the discriminant of photos and depictions.
    """

    def score(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            if batch.num_rows:
                yield pa.record_batch([batch["image_id"], learnt.probabilities(features_of(batch))], schema=SCORED)

    return images.mapInArrow(score, from_arrow_schema(SCORED))
