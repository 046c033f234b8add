"""Images that show the same picture as another one without being the same file: in two splits, or simply too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.report.findings.problem import NOTE, Contribution, Problem, Tables

if TYPE_CHECKING:
    from imagelake.config import ReportSection


def problems(tables: Tables, _: ReportSection) -> list[Problem]:
    """One row an image that is no equal file, beside the best of its group; equal files have findings of their own.

    They are known by the features and thumbnails of predictions alone.
    """
    groups, paths = tables["duplicate_groups"], tables["images"].select("image_id", "path")
    best = groups.where("evidence = 'representative'").select(
        F.col("image_id").alias("keep"), F.col("split").alias("kept_split")
    )
    near = (
        groups.where("evidence NOT IN ('representative', 'bytes')")
        .withColumnRenamed("representative_id", "keep")
        .join(best, "keep", how="inner")
        .join(paths, "image_id", how="left")
        .join(paths.toDF("keep", "kept_path"), "keep", how="left")
    )
    score = F.round("score", 4).alias("score")
    columns = ("image_id", "path", "split", "keep", "kept_path", "kept_split", "evidence", score)
    surest = [F.desc("score"), F.col("image_id")]
    return [
        Problem(
            "near-split-leaks",
            "Near duplicates in two splits",
            "The same picture, resized, saved again or edited, in a part that is trained on and in one that is "
            "measured on. Leave it in one.",
            "high",
            near.where("split != kept_split").select(
                *columns, F.concat_ws(", best in ", "split", "kept_split").alias(NOTE)
            ),
            surest,
        ),
        Problem(
            "near-duplicates",
            "Near duplicates",
            "The same picture as the image in the column keep, the best of its group by PPI. Look at some before you "
            "remove them.",
            "medium",
            near.select(*columns, F.concat(F.lit("of "), F.col("keep")).alias(NOTE)),
            surest,
        ),
    ]  # fmt: skip


CONTRIBUTION = Contribution(("duplicate_groups", "images", "predictions"), problems)
