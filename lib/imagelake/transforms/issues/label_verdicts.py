"""What people said of labels: from a file to the table, over what was said before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

TABLE = ("image_id", "label_id", "label", "verdict", "file")


def given_verdicts(verdicts: Mapping[tuple[str, str], str], labels: DataFrame, file: str) -> DataFrame:
    """The table's rows of what a file says; label_id is null where the image has no such label.

    Args:
        verdicts: image_id and label -> what the file says.
        labels: the table labels.
        file: the file's name.
    """
    said = labels.sparkSession.createDataFrame(
        [(*names, verdict) for names, verdict in verdicts.items()], "image_id string, label string, verdict string"
    )
    known = labels.select("image_id", "label", "label_id").distinct()
    return (
        known.join(F.broadcast(said), ["image_id", "label"], how="right")
        .groupBy("image_id", "label", "verdict")
        .agg(F.min("label_id").alias("label_id"))
        .withColumn("file", F.lit(file))
        .select(*TABLE)
    )


def merged_verdicts(given: DataFrame, earlier: DataFrame | None) -> DataFrame:
    """The label_verdicts table: what is said now, and what was said before of other labels."""
    if earlier is None:
        return given
    return given.unionByName(earlier.join(given, ["image_id", "label_id"], how="left_anti"))
