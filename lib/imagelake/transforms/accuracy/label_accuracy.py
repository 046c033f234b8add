"""Top-1 and top-5 accuracy by label, with n and interval; labels that no class counts as are not measured."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError
from imagelake.measures.intervals import wilson_interval

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import Column, DataFrame, SparkSession

    from imagelake.transforms.labels.label_classes import LabelClasses

TOP = 5
_MEANINGS_DDL = "label string, classes array<int>, class_names array<string>"
_CLASS_LABELS_DDL = "best_class int, class_label string"


def check_class_names(predictions: DataFrame, class_names: Sequence[str]) -> None:
    """Check that the predictions were made with the configured classes.

    Raises:
        ImageLakeError: a best class has another name, or none.
    """
    best = predictions.select(F.get("top_classes", F.lit(0)).alias("index"), F.get("top_names", F.lit(0)).alias("name"))
    for row in sorted(best.where("index IS NOT NULL").distinct().collect()):
        known = class_names[row["index"]] if 0 <= row["index"] < len(class_names) else None
        if row["name"] != known:
            raise ImageLakeError(
                f"table predictions calls class {row['index']} {row['name']!r}, the configured model.classes "
                f"{'calls it ' + repr(known) if known else f'has only 0 to {len(class_names) - 1}'}: "
                "run predict_images with the same model.classes"
            )


def judge_predictions(labels: DataFrame, predictions: DataFrame, meanings: LabelClasses) -> DataFrame:
    """One row an image and clean label, and whether the model predicted the label.

    Args:
        labels: clean labels; an image counts for each of its own. Two label_ids of one name count once.
        predictions: of the same images; one without is not_predicted, one with an error undecodable.
        meanings: which classes mean which label.

    Returns:
        image_id, label, outcome (predicted, undecodable or not_predicted), and for predicted ones top1, top5 (whether a
        class of the label is the best, or among the best five), predicted (what the best class means) and score.
    """
    best = F.slice("top_classes", 1, TOP)
    best_classes = predictions.select(
        "image_id",
        F.when(F.col("error").isNull(), "predicted").otherwise("undecodable").alias("found"),
        best.alias("best_five"),
        F.get("top_classes", F.lit(0)).alias("best_class"),
        F.get("top_names", F.lit(0)).alias("best_name"),
        F.get("top_scores", F.lit(0)).alias("score"),
    )
    spark = labels.sparkSession
    return (
        labels.select("image_id", "label")
        .distinct()
        .join(best_classes, "image_id", how="left")
        .join(F.broadcast(_meanings(spark, meanings)), "label", how="left")
        .join(F.broadcast(_class_labels(spark, meanings)), "best_class", how="left")
        .withColumn("top1", F.array_contains("classes", F.col("best_class")))
        .select(
            "image_id",
            "label",
            F.coalesce("found", F.lit("not_predicted")).alias("outcome"),
            "top1",
            F.arrays_overlap("classes", "best_five").alias("top5"),
            _predicted().alias("predicted"),
            "score",
        )
    )


def _predicted() -> Column:
    """The label itself where the best class counts as it, else the label of that class, else the class's name.

    A class can have the name of a label without counting as it, such as the crane for loads; it gets its index added.
    """
    meant = F.coalesce("class_label", "best_name")
    with_index = F.concat("best_name", F.lit(" (class "), "best_class", F.lit(")"))
    return F.when(F.col("top1"), F.col("label")).when(meant == F.col("label"), with_index).otherwise(meant)


def _meanings(spark: SparkSession, meanings: LabelClasses) -> DataFrame:
    """The indices and names of the classes that mean each label; empty arrays where none does."""
    rows = [
        (label, sorted(classes), [meanings.class_names[index] for index in sorted(classes)])
        for label, classes in meanings.classes.items()
    ]
    return spark.createDataFrame(rows, _MEANINGS_DDL)


def _class_labels(spark: SparkSession, meanings: LabelClasses) -> DataFrame:
    return spark.createDataFrame(list(meanings.label_of.items()), _CLASS_LABELS_DDL)


def measure_labels(judged: DataFrame, meanings: LabelClasses, level: float) -> DataFrame:
    """The label_accuracy table: one row a label of the judged rows, with Wilson intervals at the given level."""
    predicted = F.col("outcome") == "predicted"
    counts = judged.groupBy("label").agg(
        F.count_if(predicted).alias("images"),
        F.count_if(F.col("outcome") == "undecodable").alias("undecodable"),
        F.count_if(predicted & F.col("top1")).alias("top1_hits"),
        F.count_if(predicted & F.col("top5")).alias("top5_hits"),
    )
    known = F.broadcast(_meanings(judged.sparkSession, meanings))
    covered = F.coalesce(F.size("classes") > 0, F.lit(False))
    return (
        counts.join(known, "label", how="left")
        .withColumn("covered", covered)
        .select(
            "label",
            "images",
            "undecodable",
            "covered",
            F.coalesce("class_names", F.array().cast("array<string>")).alias("classes"),
            *_share("top1", level),
            *_share("top5", level),
            F.lit(level).alias("level"),
        )
    )


def _share(name: str, level: float) -> list[Column]:
    """Hits, share and interval; null if not covered, share and interval also without predicted images."""
    hits = F.when(F.col("covered"), F.col(f"{name}_hits"))
    n = F.when(F.col("images") > 0, F.col("images"))
    low, high = wilson_interval(hits, n, level)
    return [
        hits.alias(f"{name}_images"),
        (hits / n).alias(name),
        low.alias(f"{name}_low"),
        high.alias(f"{name}_high"),
    ]


def count_outcomes(accuracy: DataFrame, judged: DataFrame) -> tuple[int, int, dict[str, int]]:
    """How many pairs of image and label there are, how many were measured, and why the others were not.

    Args:
        accuracy: the label_accuracy table as written, so that the account holds what a reader will find.
        judged: as from judge_predictions.
    """
    outcomes = {row["outcome"]: row["count"] for row in judged.groupBy("outcome").count().collect()}
    measured = sum(row["images"] for row in accuracy.select("images").collect())
    reasons = {reason: outcomes.get(reason, 0) for reason in ("undecodable", "not_predicted")}
    return sum(outcomes.values()), measured, reasons
