"""Files that no decoder can read, by the error that ingesting or predicting met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.report.findings.problem import NOTE, Contribution, Problem, Tables

if TYPE_CHECKING:
    from imagelake.config import ReportSection


def problems(tables: Tables, _: ReportSection) -> list[Problem]:
    """One row an image whose bytes cannot be used; without predictions only the errors of headers are known."""
    images = tables["images"]
    met, detail = F.lit(None).cast("string"), F.lit(None).cast("string")
    if "predictions" in tables:
        decoding = tables["predictions"].where("error IS NOT NULL")
        images = images.join(
            decoding.select("image_id", F.col("error").alias("met"), F.col("error_detail").alias("met_detail")),
            "image_id",
            how="left",
        )
        met, detail = F.col("met"), F.col("met_detail")
    rows = (
        images.withColumn("detail", F.when(F.col("error").isNotNull(), F.col("error_detail")).otherwise(detail))
        .withColumn("reason", F.coalesce("error", met))
        .where("reason IS NOT NULL")
        .select("image_id", "path", "split", "reason", "detail", F.translate("reason", "_", " ").alias(NOTE))
    )
    return [
        Problem(
            "damaged-files",
            "Damaged files",
            "Fetch them again or remove them: no job uses them.",
            "high",
            rows,
            [F.col("reason"), F.col("image_id")],
        )
    ]


CONTRIBUTION = Contribution(("images",), problems, optional=("predictions",))
