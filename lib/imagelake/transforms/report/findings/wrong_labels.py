"""Labels that the network contradicts: the label is none of its five best classes, and it is sure of another one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.report.findings.problem import NOTE, Contribution, Problem, Tables, joined

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.config import ReportSection

PAIR = ["image_id", "label"]


def problems(tables: Tables, rules: ReportSection) -> list[Problem]:
    """One row an image none of whose labels the network confirms, the surest contradiction first."""
    rows = contradicted(tables["mistakes"], tables["labels_clean"], tables["label_accuracy"], rules).join(
        tables["images"].select("image_id", "path", "split"), "image_id", how="left"
    )
    note = F.concat("labels", F.lit(" \N{RIGHTWARDS ARROW} "), "predicted")
    return [
        Problem(
            "suspected-wrong-labels",
            "Suspected wrong labels",
            f"The network is at least {rules.wrong_label_score:.0%} sure of something else (report.wrong_label_score), "
            "with no label of the image among its five best. Only labels are judged whose images it gets right in at "
            f"least {rules.wrong_label_accuracy:.0%} of cases (report.wrong_label_accuracy). Look, then correct.",
            "high",
            rows.select(
                "image_id", "path", "split", "labels", "predicted", F.round("score", 4).alias("score"), note.alias(NOTE)
            ),
            [F.desc("score"), F.col("image_id")],
        )
    ]


def contradicted(mistakes: DataFrame, labels: DataFrame, accuracy: DataFrame, rules: ReportSection) -> DataFrame:
    """The images whose prediction contradicts all of their labels: image_id, labels, predicted, score.

    A prediction confirms a label where one of the five best classes counts as it, or where the best one means a label
    above or below it in the hierarchy: a shirt is clothing. A label that is not covered neither confirms nor is judged.

    Args:
        mistakes: the mistakes table.
        labels: clean labels; only those of suspected images are joined.
        accuracy: label_accuracy, thousands of rows.
        rules: the least score, and the least accuracy of a label that is judged.
    """
    trusted = accuracy.where(F.col("top1") >= rules.wrong_label_accuracy).select("label")
    far_off = mistakes.where("NOT top5 AND NOT same_branch")
    suspected = far_off.where(F.col("score") >= rules.wrong_label_score).join(
        F.broadcast(trusted), "label", how="left_semi"
    )
    judged = labels.select(*PAIR).join(F.broadcast(accuracy.where("covered").select("label")), "label", how="left_semi")
    of_suspected = judged.join(suspected.select("image_id"), "image_id", how="left_semi")
    confirmed = of_suspected.join(far_off.select(*PAIR), PAIR, how="left_anti").select("image_id")
    return (
        suspected.join(confirmed, "image_id", how="left_anti")
        .groupBy("image_id", "predicted", "score")
        .agg(F.collect_set("label").alias("names"))
        .select("image_id", joined("names").alias("labels"), "predicted", "score")
    )


CONTRIBUTION = Contribution(("mistakes", "labels_clean", "label_accuracy", "images"), problems)
