"""The confusion table: how often each label is predicted for each true label, with examples of highest score."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from pyspark.sql import DataFrame

CELL = ("label", "predicted")
DESCRIBED = 5


_BRANCHES_DDL = "label string, branch array<string>"


def confuse(
    judged: DataFrame, covered: Collection[str], examples: int, branches: Mapping[str, Collection[str]] | None = None
) -> DataFrame:
    """The confusion table: one row a true label and predicted label.

    Args:
        judged: as from judge_predictions; images without a prediction do not count.
        covered: the labels that some class of the model means.
        examples: images named for each row, the highest score first, ties by image_id.
        branches: label -> the labels above and below it in the hierarchy; none for no hierarchy.
    """
    predicted = judged.where(F.col("outcome") == "predicted")
    counts = predicted.groupBy(*CELL).agg(
        F.coalesce(F.bool_or("top1"), F.lit(False)).alias("correct"), F.count("*").alias("images")
    )
    of_label = Window.partitionBy("label").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    described = _with_branch(counts.join(_examples(predicted, examples), list(CELL), how="inner"), branches or {})
    return described.select(
        *CELL,
        "correct",
        "same_branch",
        F.col("label").isin(sorted(covered)).alias("covered"),
        "images",
        (F.col("images") / F.sum("images").over(of_label)).alias("share"),
        "examples",
    )


def find_mistakes(judged: DataFrame, covered: Collection[str], branches: Mapping[str, Collection[str]]) -> DataFrame:
    """The mistakes table: one row an image and covered label whose best class does not count as the label.

    Args:
        judged: as from judge_predictions.
        covered: the labels that some class of the model means.
        branches: as for confuse.
    """
    wrong = judged.where("outcome = 'predicted' AND NOT top1").where(F.col("label").isin(sorted(covered)))
    return _with_branch(wrong, branches).select("image_id", *CELL, "score", "top5", "same_branch")


def _with_branch(pairs: DataFrame, branches: Mapping[str, Collection[str]]) -> DataFrame:
    """Add ``same_branch``: whether label and predicted are one above the other."""
    near = pairs.sparkSession.createDataFrame(
        [(one, sorted(others)) for one, others in branches.items()], _BRANCHES_DDL
    )
    return (
        pairs.join(F.broadcast(near), "label", how="left")
        .withColumn("same_branch", F.coalesce(F.array_contains("branch", F.col("predicted")), F.lit(False)))
        .drop("branch")
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
    """The mistakes about labels that the model could have got right, most images first, then the largest share.

    A prediction of the same branch is less exact, or more so, and no mistake: a shirt is clothing.
    """
    mistakes = confusion.where("covered AND NOT correct AND same_branch IS NOT TRUE")
    return mistakes.orderBy(F.desc("images"), F.desc("share"), "label", "predicted").limit(count)


def describe_confusions(confusion: DataFrame) -> str:
    """The worst confusions in a line, for the summary; empty where there are none."""
    return "; ".join(
        f"{row['label']} taken for {row['predicted']}: {row['images']:,} ({row['share']:.0%})"
        for row in worst_confusions(confusion, DESCRIBED).collect()
    )
