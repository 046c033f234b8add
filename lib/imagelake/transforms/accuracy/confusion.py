"""The confusion table: how often each label is predicted for each true label, with examples of highest score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

if TYPE_CHECKING:
    from collections.abc import Collection

    from pyspark.sql import DataFrame

CELL = ("label", "predicted")
DESCRIBED = 5


def confuse(judged: DataFrame, covered: Collection[str], examples: int) -> DataFrame:
    """The confusion table: one row a true label and predicted label.

    Args:
        judged: as from judge_predictions; images without a prediction do not count.
        covered: the labels that some class of the model means.
        examples: images named for each row, the highest score first, ties by image_id.
    """
    predicted = judged.where(F.col("outcome") == "predicted")
    counts = predicted.groupBy(*CELL).agg(
        F.coalesce(F.bool_or("top1"), F.lit(False)).alias("correct"), F.count("*").alias("images")
    )
    of_label = Window.partitionBy("label").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    return counts.join(_examples(predicted, examples), list(CELL), how="inner").select(
        *CELL,
        "correct",
        F.col("label").isin(sorted(covered)).alias("covered"),
        "images",
        (F.col("images") / F.sum("images").over(of_label)).alias("share"),
        "examples",
    )


def _examples(predicted: DataFrame, count: int) -> DataFrame:
    """The images of highest score of each cell. Spark limits each partition to ``count`` a cell before the shuffle."""
    surest_first = Window.partitionBy(*CELL).orderBy(F.desc_nulls_last("score"), "image_id")
    return (
        predicted.withColumn("row_number", F.row_number().over(surest_first))
        .where(F.col("row_number") <= count)
        .groupBy(*CELL)
        .agg(F.array_sort(F.collect_list(F.struct("row_number", "image_id"))).alias("sorted"))
        .select(*CELL, F.col("sorted.image_id").alias("examples"))
    )


def worst_confusions(confusion: DataFrame, count: int) -> DataFrame:
    """The mistakes about labels that the model could have got right, most images first, then the largest share."""
    mistakes = confusion.where("covered AND NOT correct")
    return mistakes.orderBy(F.desc("images"), F.desc("share"), "label", "predicted").limit(count)


def describe_confusions(confusion: DataFrame) -> str:
    """The worst confusions in a line, for the summary; empty where there are none."""
    return "; ".join(
        f"{row['label']} taken for {row['predicted']}: {row['images']:,} ({row['share']:.0%})"
        for row in worst_confusions(confusion, DESCRIBED).collect()
    )
