"""What duplicates spoil: groups under labels that exclude each other, and groups that lie in several splits."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

EXAMPLES = 10


def find_conflicts(groups: DataFrame, labels_clean: DataFrame) -> DataFrame:
    """The duplicate_conflicts table: one row a group and what its images disagree in.

    Labels conflict where the labelled images of a group have no label in common: an image may have several labels, and
    one that lacks some of them is incomplete rather than wrong. Splits conflict where a group lies in more than one.
    """
    return _label_conflicts(groups, labels_clean).unionByName(_split_conflicts(groups))


def _label_conflicts(groups: DataFrame, labels_clean: DataFrame) -> DataFrame:
    labelled = groups.join(labels_clean.select("image_id", "label").distinct(), "image_id", how="inner")
    members = labelled.groupBy("representative_id").agg(F.count_distinct("image_id").alias("labelled"))
    common = (
        labelled.groupBy("representative_id", "label")
        .agg(F.count("*").alias("images"))
        .groupBy("representative_id")
        .agg(F.max("images").alias("most"))
    )
    torn = members.join(common, "representative_id", how="inner").where("most < labelled")
    return _described(labelled.join(torn, "representative_id", how="left_semi"), "label", "labels")


def _split_conflicts(groups: DataFrame) -> DataFrame:
    several = groups.groupBy("representative_id").agg(F.count_distinct("split").alias("splits")).where("splits > 1")
    return _described(groups.join(several, "representative_id", how="left_semi"), "split", "splits")


def _described(rows: DataFrame, column: str, conflict: str) -> DataFrame:
    return rows.groupBy("representative_id").agg(
        F.lit(conflict).alias("conflict"),
        F.sort_array(F.collect_set(column)).alias("values"),
        F.count_distinct("image_id").alias("images"),
        F.slice(F.sort_array(F.collect_set("image_id")), 1, EXAMPLES).alias("examples"),
    )


def count_duplicates(copies: DataFrame, groups: DataFrame, conflicts: DataFrame, labels_clean: DataFrame) -> DataFrame:
    """The duplicate_counts table: images of each split and label, and how many of them duplicates touch.

    An image with several clean labels counts in each of them; the rows whose label is null are the splits as wholes.
    """
    torn = {
        name: conflicts.where(F.col("conflict") == name).select("representative_id") for name in ("labels", "splits")
    }
    members = groups.select("image_id", "representative_id")
    for name, found in torn.items():
        members = members.join(found.withColumn(f"in_{name}", F.lit(True)), "representative_id", how="left")
    images = copies.select("image_id", "split").join(members, "image_id", how="left")
    labels = labels_clean.select("image_id", "label").distinct()
    of_labels = images.join(labels, "image_id", how="inner")
    whole = images.withColumn("label", F.lit(None).cast("string"))

    def counted(condition: str, name: str) -> Column:
        return F.count(F.when(F.expr(condition), 1)).alias(name)

    return (
        whole.unionByName(of_labels)
        .groupBy("split", "label")
        .agg(
            F.count("*").alias("images"),
            counted("representative_id IS NOT NULL", "in_groups"),
            counted("representative_id != image_id", "redundant"),
            counted("in_splits", "leaked"),
            counted("in_labels", "conflicting"),
        )
    )
