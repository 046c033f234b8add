"""The rows of the newest comparison of sets that the report shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

ROWS, IMAGES, SHOWN_IMAGES = 400, 4, 64


def summaries_to_show(summary: DataFrame) -> DataFrame:
    """Those of the first pairs of sets, all their models."""
    return summary.orderBy("before", "after", "model").limit(ROWS)


def hypotheses_to_show(hypotheses: DataFrame) -> DataFrame:
    """Those of the first pairs of sets."""
    return hypotheses.orderBy("before", "after", "hypothesis").limit(ROWS)


def images_of_shift(images: DataFrame) -> DataFrame:
    """The images that give each set away most."""
    return images.where(F.col("rank") <= IMAGES).orderBy("before", "after", "set_name", "rank").limit(SHOWN_IMAGES)
