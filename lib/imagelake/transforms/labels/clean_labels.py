"""The cleaning of labels: each row is kept, or rejected for the first reason that applies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.transforms.rows.verdicts import first_reason

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

    from imagelake.config import CleanSection

PAIR = ("image_id", "label_id")


def roll_up(labels: DataFrame, targets: Mapping[str, tuple[str, str]]) -> DataFrame:
    """Replace each descendant of a chosen label by the chosen label.

    Args:
        labels: rows with label_id and label.
        targets: label_id -> (label_id, label) it counts as.
    """
    if not targets:
        return labels
    spark = labels.sparkSession
    rows = [(below, label_id, label) for below, (label_id, label) in targets.items()]
    renamed = spark.createDataFrame(rows, "label_id string, rolled_id string, rolled string")
    return (
        labels.join(F.broadcast(renamed), "label_id", how="left")
        .withColumn("label_id", F.coalesce("rolled_id", "label_id"))
        .withColumn("label", F.coalesce("rolled", "label"))
        .drop("rolled_id", "rolled")
    )


def distrusted_labels(verdicts: DataFrame | None, issues: DataFrame | None) -> DataFrame | None:
    """The labels that people or heads distrust: image_id, label_id, distrust; None where nobody does.

    A person's verdict comes first: a confirmed issue is confirmed_wrong, and a refuted one is no label_issue any more.

    Args:
        verdicts: the label_verdicts table; None where nothing has been reviewed.
        issues: the label_issues table; None where the configuration keeps what it lists.
    """
    confirmed = F.col("verdict") == "confirmed"
    said = (
        verdicts.select(*PAIR, F.when(confirmed, "confirmed_wrong").alias("distrust")) if verdicts is not None else None
    )
    if issues is None:
        return said.where("distrust IS NOT NULL") if said is not None else None
    found = issues.select(*PAIR).distinct().withColumn("distrust", F.lit("label_issue"))
    if said is None:
        return found
    unreviewed = found.join(said, list(PAIR), how="left_anti")
    return unreviewed.unionByName(said.where("distrust IS NOT NULL"))


def judge_labels(
    labels: DataFrame, images: DataFrame, rules: CleanSection, distrusted: DataFrame | None = None
) -> DataFrame:
    """Add ``reason``: null for a row that is kept.

    The reasons, in the order in which they apply:

    - unknown_class: no class description names the label.
    - unknown_image: no image list names the image (unless the rules keep such rows).
    - dropped_label: the configuration leaves this label out.
    - contradictory: the same image and label stands with confidence 0 and with one above the threshold.
    - low_confidence: the confidence is not above the threshold.
    - confirmed_wrong: a person confirmed that the label is wrong.
    - label_issue: heads find the label wrong, and the rules drop such labels.
    - duplicate: the same image and label again; the highest confidence stays, then human before machine.
    """
    listed = images.where("listed").select("image_id", F.lit(True).alias("image_known"))
    # Shuffled here by image, for the join and for the windows; otherwise Spark may shuffle for each of both.
    known = labels.repartition("image_id").join(listed, "image_id", how="left")
    if distrusted is None:
        known = known.withColumn("distrust", F.lit(None).cast("string"))
    else:
        known = known.join(distrusted, list(PAIR), how="left")
    above = F.col("confidence") > rules.min_confidence
    of_image_and_class = {
        "unknown_class": F.col("label").isNull(),
        "unknown_image": F.col("image_known").isNull() & F.lit(rules.unknown_images == "reject"),
        "dropped_label": F.col("label").isin(list(rules.drop_labels)),
    }
    of_row = {
        "low_confidence": ~above,
        "confirmed_wrong": F.col("distrust") == "confirmed_wrong",
        "label_issue": F.col("distrust") == "label_issue",
    }
    # One order for all windows of a pair, so that Spark sorts the labels once and computes all in one step.
    best_first = Window.partitionBy(*PAIR).orderBy(
        F.desc("confidence"), F.asc("origin"), F.asc_nulls_last("source"), F.asc("split")
    )
    pair = best_first.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    so_far = best_first.rowsBetween(Window.unboundedPreceding, Window.currentRow)
    windowed = known.withColumns(
        {
            "contradictory": F.max(F.col("confidence") == 0).over(pair) & F.max(above).over(pair),
            "sound_so_far": F.count_if(first_reason(of_image_and_class | of_row).isNull()).over(so_far),
        }
    )
    of_pair = {"contradictory": F.col("contradictory")}
    duplicate = {"duplicate": F.col("sound_so_far") > 1}
    return windowed.withColumn("reason", first_reason(of_image_and_class | of_pair | of_row | duplicate)).drop(
        "image_known", "distrust", "contradictory", "sound_so_far"
    )
