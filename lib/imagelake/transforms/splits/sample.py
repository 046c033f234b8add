"""A balanced sample: so many images of each label, in the proportions of their keywords, no two of one group."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
from pyspark.sql import functions as F

from imagelake.measures.allocation import largest_remainder
from imagelake.transforms.rows.row_numbers import add_row_numbers
from imagelake.transforms.splits.units import random_order

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

NO_KEYWORD = ""


def sample_candidates(images: DataFrame, overlap: DataFrame | None, keyword_column: str, seed: int) -> DataFrame:
    """The images that may be taken, one a group: the one in the fewest references, then by hash.

    Args:
        images: image_id, label, group_id, split and the keyword column, those with a label.
        overlap: image_id and reference of what other lakes hold, too; None where that does not matter.
        keyword_column: a column of images; empty for none.
        seed: of the choice.

    Returns:
        image_id, label, keyword, group_id, split, overlaps and hash.
    """
    keyword = (
        F.coalesce(F.col(keyword_column).cast("string"), F.lit(NO_KEYWORD)) if keyword_column else F.lit(NO_KEYWORD)
    )
    hashed, _ = random_order("image_id", seed)
    columns = ("image_id", "label", "group_id", "split", keyword.alias("keyword"), hashed.alias("hash"))
    candidates = images.select(*columns)
    if overlap is None:
        counted = candidates.withColumn("overlaps", F.lit(0).cast("bigint"))
    else:
        references = overlap.groupBy("image_id").agg(F.count_distinct("reference").alias("overlaps"))
        counted = candidates.join(references, "image_id", how="left").fillna(0, ["overlaps"])
    first = F.min(F.struct("overlaps", "hash", "image_id", "label", "keyword", "split")).alias("first")
    return counted.groupBy("group_id").agg(first).select("group_id", "first.*")


def sample_quotas(candidates: DataFrame, per_label: int) -> DataFrame:
    """The sample_counts table: candidates, wanted and taken of each label and keyword.

    The keywords of a label have their proportions by the largest remainder, equal ones by name. Where a label has too
    few candidates all of them are taken.
    """
    counts = candidates.groupBy("label", "keyword").agg(F.count("*").alias("candidates"))

    def quotas(label: pd.DataFrame) -> pd.DataFrame:
        ordered = label.sort_values("keyword")
        held = [int(count) for count in ordered["candidates"]]
        wanted = largest_remainder(per_label, held)
        taken = wanted if sum(held) >= per_label else held
        return ordered.assign(wanted=wanted, taken=taken)[["label", "keyword", "candidates", "wanted", "taken"]]

    return counts.groupBy("label").applyInPandas(
        quotas, "label string, keyword string, candidates bigint, wanted bigint, taken bigint"
    )


def take_sample(candidates: DataFrame, quotas: DataFrame) -> DataFrame:
    """The sample_images table: of each label and keyword the first of the order that `sample_candidates` chose by."""
    numbered = add_row_numbers(
        candidates, "number", (F.col("overlaps"), F.col("hash"), F.col("image_id")), within=("label", "keyword")
    )
    return (
        numbered.join(F.broadcast(quotas.select("label", "keyword", "taken")), ["label", "keyword"], how="inner")
        .where(F.col("number") <= F.col("taken"))
        .select("image_id", "split", "label", "keyword", "group_id", "overlaps")
    )


def shortfalls(quotas: DataFrame, per_label: int, labels: tuple[str, ...]) -> Mapping[str, int]:
    """Label -> how many images it lacks; labels that have none at all are among them where they are named."""
    held = {row["label"]: row["taken"] for row in quotas.groupBy("label").agg(F.sum("taken").alias("taken")).collect()}
    lacking = {label: per_label - held.get(label, 0) for label in (*sorted(held), *(set(labels) - set(held)))}
    return {label: missing for label, missing in sorted(lacking.items()) if missing > 0}
