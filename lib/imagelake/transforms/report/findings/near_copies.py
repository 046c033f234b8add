"""Images that are one picture though their files differ: in two splits, with different labels, or simply too many."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.report.findings.problem import NOTE, Contribution, Problem, Tables

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.config import ReportSection

EQUAL_FILES = "bytes"


def problems(tables: Tables, _: ReportSection) -> list[Problem]:
    """Equal files are left to their own findings: a group counts where a picture of it has another file."""
    groups = tables["duplicate_groups"]
    others = groups.where(~F.col("evidence").isin("representative", EQUAL_FILES))
    members = groups.join(others.select("representative_id").distinct(), "representative_id", how="left_semi").join(
        tables["images"].select("image_id", "path"), "image_id", how="left"
    )
    columns = ("image_id", "path", "split", "representative_id", "evidence", "score")
    in_order = [F.col("representative_id"), F.col("image_id")]
    split = F.coalesce("split", F.lit("no split"))
    return [
        Problem(
            "near-split-leaks",
            "Pictures in two splits",
            "Other files of the same picture, resized, compressed or cropped, are in a part that is trained on and in "
            "one that is measured on. split_images with splits.existing=keep takes them out.",
            "high",
            _conflicting(members, tables["duplicate_conflicts"], "splits").select(*columns, split.alias(NOTE)),
            in_order,
        ),
        Problem(
            "near-contradictions",
            "Pictures with different labels",
            "Files of one picture have no label in common. Compare and correct.",
            "high",
            _conflicting(members, tables["duplicate_conflicts"], "labels").select(
                *columns, F.concat(F.lit("of "), F.col("representative_id")).alias(NOTE)
            ),
            in_order,
        ),
        Problem(
            "near-duplicates",
            "Near duplicates",
            "The same picture as the one that representative_id names, which is the best of them. A person's verdict "
            "on the doubtful ones: judge_duplicates.",
            "medium",
            members.where(~F.col("evidence").isin("representative", EQUAL_FILES)).select(
                *columns, F.concat(F.lit("of "), F.col("representative_id")).alias(NOTE)
            ),
            [F.desc("score"), *in_order],
        ),
    ]


def _conflicting(members: DataFrame, conflicts: DataFrame, conflict: str) -> DataFrame:
    chosen = conflicts.where(F.col("conflict") == conflict).select("representative_id")
    return members.join(chosen, "representative_id", how="left_semi")


CONTRIBUTION = Contribution(("duplicate_groups", "duplicate_conflicts", "images"), problems)
