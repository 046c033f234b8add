"""Labels that a trained head finds wrong, and that nobody has reviewed yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.report.findings.problem import NOTE, Contribution, Problem, Tables

if TYPE_CHECKING:
    from imagelake.config import ReportSection

COLUMNS = ("image_id", "label", "suggested", "reason", "split", "source")


def problems(tables: Tables, _: ReportSection) -> list[Problem]:
    """One row a label without a verdict, the most suspicious first."""
    said = F.when(~F.col("present"), F.concat(F.lit("not "), "label")).otherwise(F.col("label"))
    note = F.concat(said, F.lit(" \N{RIGHTWARDS ARROW} "), "suggested")
    rows = tables["label_issues"].where("verdict IS NULL")
    return [
        Problem(
            "label-issues",
            "Labels that a trained head finds wrong",
            "Judged by a head that did not learn from the image. Say of each whether it is wrong, on the page "
            "label_judging/index.html of the lake, and give the CSV to record_verdicts; clean_labels respects it, and "
            "drops the rest for clean.label_issues=drop.",
            "high",
            rows.select(*COLUMNS, F.round("score", 4).alias("score"), note.alias(NOTE)),
            [F.col("score"), F.col("image_id"), F.col("label")],
            counted="label",
        )
    ]


CONTRIBUTION = Contribution(("label_issues",), problems)
