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


def with_keywords(images: DataFrame, keyword_column: str) -> DataFrame:
    """Add ``keyword``, of a column of images; empty where there is none."""
    keyword = F.col(keyword_column).cast("string") if keyword_column else F.lit(None)
    return images.withColumn("keyword", F.coalesce(keyword, F.lit(NO_KEYWORD)))


def count_overlaps(overlap: DataFrame) -> DataFrame:
    """image_id and ``overlaps``, the references that hold it, of the images that any of them holds."""
    return overlap.groupBy("image_id").agg(F.count_distinct("reference").alias("overlaps"))


def sample_candidates(images: DataFrame, overlaps: DataFrame, seed: int) -> DataFrame:
    """The images that may be taken, one a group: the one in the fewest references, then by hash.

    Args:
        images: image_id, label, keyword, group_id and split, those with a label.
        overlaps: as `count_overlaps` gives them.
        seed: of the choice.

    Returns:
        image_id, label, keyword, group_id, split, overlaps and hash.
    """
    hashed, _ = random_order("image_id", seed)
    candidates = images.select("image_id", "label", "group_id", "split", "keyword", hashed.alias("hash"))
    counted = candidates.join(overlaps, "image_id", how="left").fillna(0, ["overlaps"])
    first = F.min(F.struct("overlaps", "hash", "image_id", "label", "keyword", "split")).alias("first")
    return counted.groupBy("group_id").agg(first).select("group_id", "first.*")


def sample_quotas(stages: DataFrame, candidates: DataFrame, per_label: int) -> DataFrame:
    """The sample_counts table: what each stage leaves of each label and keyword, candidates, wanted and taken.

    The keywords of a label have their proportions by the largest remainder, equal ones by name. Where a label has too
    few candidates all of them are taken.
    """
    held = candidates.groupBy("label", "keyword").agg(F.count("*").alias("candidates"))
    counts = stages.join(held, ["label", "keyword"], how="left").fillna(0, ["candidates"])
    schema = ", ".join(f"{name} {column_type}" for name, column_type in counts.dtypes)

    def quotas(label: pd.DataFrame) -> pd.DataFrame:
        ordered = label.sort_values("keyword")
        held = [int(count) for count in ordered["candidates"]]
        wanted = largest_remainder(per_label, held) if any(held) else held
        taken = wanted if sum(held) >= per_label else held
        return ordered.assign(wanted=wanted, taken=taken)

    return counts.groupBy("label").applyInPandas(quotas, f"{schema}, wanted bigint, taken bigint")


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
