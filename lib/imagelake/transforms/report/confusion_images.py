"""All images of the worst confusions, the surest mistakes first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import functions as F

from imagelake.transforms.accuracy.confusion import CELL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

CONFUSIONS_CSV = "confusions.csv"


def confusion_images(tables: Mapping[str, DataFrame], confusions: pd.DataFrame, most: int) -> pd.DataFrame:
    """One row an image of a confusion: label, predicted, score, image_id, path.

    Args:
        tables: mistakes and images.
        confusions: label and predicted of those to show, a dozen.
        most: rows at most.
    """
    mistakes = tables["mistakes"]
    wanted = mistakes.sparkSession.createDataFrame(
        [tuple(row) for row in confusions[list(CELL)].itertuples(index=False)], "label string, predicted string"
    )
    chosen = mistakes.join(F.broadcast(wanted), list(CELL), how="left_semi")
    located = chosen.join(tables["images"].select("image_id", "path"), "image_id", how="left")
    ordered = located.orderBy(*CELL, F.desc("score"), "image_id").limit(most)
    return ordered.select(*CELL, F.round("score", 4).alias("score"), "image_id", "path").toPandas()
