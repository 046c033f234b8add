"""Which images are exported, each with its class, its split and who made it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.export.rows import DESCRIBED
from imagelake.transforms.rows.verdicts import first_reason
from imagelake.transforms.splits.units import judge_images, with_labels

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

    from imagelake.config import ExportSection

WHOLE = "all"  # the split of a source without splits, which no library takes for a name


def choose_images(tables: Mapping[str, DataFrame], rules: ExportSection) -> DataFrame:
    """Every image with ``reason``: null for those that are exported.

    Args:
        tables: images, predictions, labels_clean and duplicate_groups; sample_images and image_splits where needed.
        rules: which images, and whose splits.

    Returns:
        image_id, split, label, format, the columns of DESCRIBED, and reason.
    """
    judged = judge_images(tables["images"], tables["predictions"]).withColumnRenamed("reason", "unusable")
    marked = with_labels(judged, tables["labels_clean"])
    unchosen = F.lit(False)
    if rules.images == "sample":
        marked = marked.drop("label").join(
            _marked(tables["sample_images"], "in_sample", "label"), "image_id", how="left"
        )
        unchosen = F.col("in_sample").isNull()
    if rules.splits == "chosen":
        splits = tables["image_splits"].select("image_id", "split")
        marked = marked.drop("split").join(splits, "image_id", how="left")
    redundant = F.lit(False)
    if rules.images == "representatives":
        marked = _with_redundant(marked, tables["duplicate_groups"])
        redundant = F.col("redundant")
    reasons = {"not_in_sample": unchosen, "redundant": redundant, "in_no_split": F.col("split").isNull()}
    split = F.when(F.col("split") == WHOLE, "train").otherwise(F.col("split"))
    return marked.select(
        "image_id",
        split.alias("split"),
        "label",
        "format",
        *DESCRIBED,
        F.coalesce("unusable", first_reason(reasons)).alias("reason"),
    )


def _with_redundant(marked: DataFrame, duplicate_groups: DataFrame) -> DataFrame:
    """Add ``redundant``: whether another image of the group of duplicates is exported instead of an image.

    That is the representative, or where it cannot be used or has no split, the first by name that can and has.
    """
    grouped = marked.join(duplicate_groups.select("image_id", "representative_id"), "image_id", how="left")
    usable = grouped.where("representative_id IS NOT NULL AND unusable IS NULL AND split IS NOT NULL")
    first = F.min(F.struct(F.col("image_id") != F.col("representative_id"), "image_id")).alias("first")
    stands = usable.groupBy("representative_id").agg(first).select("representative_id", "first.image_id")
    stands = stands.withColumnRenamed("image_id", "exported_id")
    together = grouped.join(stands, "representative_id", how="left")
    another = F.col("split").isNotNull() & (F.col("exported_id") != F.col("image_id"))
    return together.withColumn("redundant", F.coalesce(another, F.lit(False)))


def _marked(table: DataFrame, name: str, *columns: str) -> DataFrame:
    return table.select("image_id", *columns, F.lit(True).alias(name))
