"""Files that are equal byte by byte: in two splits, with different labels, or simply too many."""

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
    """Of each group of equal files the one to keep is the one with most clean labels, then the first by image_id."""
    copies = equal_files(tables["images"], tables["labels_clean"])
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
            copies.where(F.col("image_id") != F.col("keep")).select(
                *columns, F.concat(F.lit("of "), F.col("keep")).alias(NOTE)
            ),
            [F.desc("copies"), *in_order],
        ),
    ]


def equal_files(images: DataFrame, labels: DataFrame) -> DataFrame:
    """One row an image whose bytes another one has too.

    Only groups are joined with labels, so that the shuffle of all images carries hashes and no labels.

    Args:
        images: the images table.
        labels: the clean labels.

    Returns:
        image_id, path, split, sha256; labels as text; of the group: copies, splits and labellings (different ones),
        keep and kept_path (the image to keep).
    """
    hashed = images.where("sha256 IS NOT NULL AND error IS NULL").select("image_id", "path", "split", "sha256")
    repeated = hashed.groupBy("sha256").agg(F.count("*").alias("copies")).where("copies > 1")
    members = hashed.join(repeated, "sha256", how="inner")
    own = labels.join(members.select("image_id"), "image_id", how="left_semi")
    named = own.groupBy("image_id").agg(F.collect_set("label").alias("names"))
    group = Window.partitionBy("sha256").rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    best_first = Window.partitionBy("sha256").orderBy(F.desc("known"), "image_id")
    best_first = best_first.rowsBetween(Window.unboundedPreceding, Window.unboundedFollowing)
    return (
        members.join(named, "image_id", how="left")
        .withColumn("labels", joined("names"))
        .withColumn("known", F.coalesce(F.array_size("names"), F.lit(0)))
        .withColumn("splits", F.array_size(F.collect_set("split").over(group)))
        .withColumn("labellings", F.array_size(F.collect_set(F.nullif("labels", F.lit(""))).over(group)))
        .withColumn("keep", F.first("image_id").over(best_first))
        .withColumn("kept_path", F.first("path").over(best_first))
        .drop("names", "known")
    )


CONTRIBUTION = Contribution(("images", "labels_clean"), problems)
