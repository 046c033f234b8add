"""Files that are equal byte by byte: in two splits, with different labels, or simply too many.

Which images are one, and which of them to keep, is what find_duplicates says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.transforms.report.findings.problem import NOTE, Contribution, Problem, Tables, joined

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.config import ReportSection

NO_LABEL = "no clean label"


def problems(tables: Tables, _: ReportSection) -> list[Problem]:
    """The image to keep of equal files is the representative of their group: the best by PPI, then by sharpness."""
    copies = equal_files(tables["duplicate_groups"], tables["images"], tables["labels_clean"])
    said = F.when(F.col("labels") == "", NO_LABEL).otherwise(F.col("labels"))
    columns = ("image_id", "path", "split", "labels", "keep", "kept_path", "sha256")
    in_order = [F.col("sha256"), F.col("image_id")]
    return [
        Problem(
            "split-leaks",
            "Images in two splits",
            "The same file is in a part that is trained on and in one that is measured on, which flatters every "
            "result. Leave it in one.",
            "high",
            copies.where("splits > 1").select(*columns, F.coalesce("split", F.lit("no split")).alias(NOTE)),
            in_order,
        ),
        Problem(
            "contradictory-copies",
            "Equal files with different labels",
            "At most one of them is labelled in full. Compare and correct.",
            "high",
            copies.where("labellings > 1").select(*columns, said.alias(NOTE)),
            in_order,
        ),
        Problem(
            "duplicates",
            "Exact duplicates",
            "Equal byte by byte to the image in the column keep; these can go without a loss.",
            "medium",
            copies.where("evidence = 'bytes'").select(*columns, F.concat(F.lit("of "), F.col("keep")).alias(NOTE)),
            [F.desc("copies"), *in_order],
        ),
    ]


def equal_files(groups: DataFrame, images: DataFrame, labels: DataFrame) -> DataFrame:
    """One row an image of a group of duplicates whose bytes another one has too.

    Equal files are in one group, so that only groups are joined with hashes and labels.

    Args:
        groups: the duplicate_groups table.
        images: the images table.
        labels: the clean labels.

    Returns:
        image_id, path, split, evidence, sha256; labels as text; of the equal files: copies, splits and labellings
        (different ones); keep and kept_path, the image to keep of the whole group.
    """
    readable = images.where("sha256 IS NOT NULL AND error IS NULL").select("image_id", "path", "sha256")
    members = groups.select("image_id", "split", "evidence", F.col("representative_id").alias("keep")).join(
        readable, "image_id", how="inner"
    )
    repeated = members.groupBy("sha256").agg(F.count("*").alias("copies")).where("copies > 1")
    copies = members.join(repeated, "sha256", how="inner")
    own = labels.join(copies.select("image_id"), "image_id", how="left_semi")
    named = own.groupBy("image_id").agg(F.collect_set("label").alias("names"))
    equal = Window.partitionBy("sha256").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    kept = images.select(F.col("image_id").alias("keep"), F.col("path").alias("kept_path"))
    return (
        copies.join(named, "image_id", how="left")
        .join(kept, "keep", how="left")
        .withColumn("labels", joined("names"))
        .withColumn("splits", F.array_size(F.collect_set("split").over(equal)))
        .withColumn("labellings", F.array_size(F.collect_set(F.nullif("labels", F.lit(""))).over(equal)))
        .drop("names")
    )


CONTRIBUTION = Contribution(("duplicate_groups", "images", "labels_clean"), problems)
