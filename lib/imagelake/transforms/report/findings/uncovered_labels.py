"""Labels that no class of the network means, so that nothing is known of their accuracy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.report.findings.problem import NOTE, Contribution, Problem, Tables

if TYPE_CHECKING:
    from imagelake.config import ReportSection


def problems(tables: Tables, _: ReportSection) -> list[Problem]:
    """One row a label that is not covered, with one of its images."""
    uncovered = tables["label_accuracy"].where("NOT covered").select("label", "images")
    choices = tables["class_folders"].where("outcome = 'ambiguous'").groupBy("label").agg(
        F.array_join(F.array_sort(F.array_distinct(F.flatten(F.collect_list("choices")))), "; ").alias("could_mean")
    )  # fmt: skip
    readable = tables["images"].where("error IS NULL").select("image_id")
    pictured = tables["labels_clean"].join(readable, "image_id", how="left_semi")
    examples = pictured.groupBy("label").agg(F.min("image_id").alias("image_id"))
    rows = (
        uncovered.join(F.broadcast(choices), "label", how="left")
        .join(examples, "label", how="left")
        .join(tables["images"].select("image_id", "path"), "image_id", how="left")
    )
    note = F.when(F.col("could_mean").isNotNull(), F.concat("label", F.lit(": an ambiguous name")))
    return [
        Problem(
            "uncovered-labels",
            "Labels that no class covers",
            "Their accuracy is unknown, and wrong ones among them stay unfound. A label map names the classes that "
            "mean them, or train_classifier learns them from their images, and model.head predicts them.",
            "low",
            rows.select("label", "images", "could_mean", "image_id", "path", F.coalesce(note, "label").alias(NOTE)),
            [F.desc("images"), F.col("label")],
            "label",
        )
    ]


CONTRIBUTION = Contribution(("label_accuracy", "class_folders", "labels_clean", "images"), problems)
