"""The rows of the balanced sample that the report shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.transforms.splits.stages import STAGES

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

LABELS, LABELS_WITH_KEYWORDS, KEYWORDS = 200, 20, 20
_SUMMED = (*STAGES, "candidates", "wanted", "taken")


def stages_of_all(counts: DataFrame) -> DataFrame:
    """The sums over all labels; no row where there is no label."""
    total = counts.agg(*(F.sum(name).alias(name) for name in _SUMMED))
    return total.where(F.col("images").isNotNull())


def labels_to_show(counts: DataFrame) -> DataFrame:
    """The sums of each label, those with the fewest images taken first."""
    of_label = counts.groupBy("label").agg(*(F.sum(name).alias(name) for name in _SUMMED))
    return of_label.orderBy("taken", "label").limit(LABELS)


def keywords_to_show(counts: DataFrame) -> DataFrame:
    """The most frequent keywords of the first labels by name."""
    by_images = Window.partitionBy("label").orderBy(F.desc("images"), "keyword")
    chosen = counts.select("label").distinct().orderBy("label").limit(LABELS_WITH_KEYWORDS)
    return (
        counts.join(F.broadcast(chosen), "label", how="left_semi")
        .withColumn("place", F.row_number().over(by_images))
        .where(F.col("place") <= KEYWORDS)
        .drop("place")
        .orderBy("label", F.desc("images"), "keyword")
    )
