"""The rank of each image over all images and within each of its labels, and the selected ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.rows.row_numbers import add_row_numbers

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

    from imagelake.config import RankSection

TOP = 5


def rank_images(quality: DataFrame, labels: DataFrame, rules: RankSection) -> DataFrame:
    """The image_rank table: one row an image and clean label, and one without label for an image that has none.

    Ties go by image_id; an image whose value is unknown comes after all others.

    Args:
        quality: the image_quality table.
        labels: clean labels; two label_ids of one name count once, labels of images without quality not at all.
        rules: the measure, its order, and the selection.
    """
    values = quality.select("image_id", "split", "ppi", F.col(rules.measure).cast("double").alias("value"))
    ranked = add_row_numbers(values, "rank", [_best_first(rules), F.col("image_id")])
    labelled = ranked.join(labels.select("image_id", "label").distinct(), "image_id", how="left")
    return add_row_numbers(labelled, "rank_in_label", [F.col("rank")], within=["label"]).select(
        "image_id",
        "label",
        "split",
        F.lit(rules.measure).alias("measure"),
        "value",
        "ppi",
        "rank",
        "rank_in_label",
        _is_selected(rules).alias("selected"),
    )


def _best_first(rules: RankSection) -> Column:
    value = F.col("value")
    distance = {"largest": -value, "smallest": value, "nearest": F.abs(value - rules.target)}[rules.order]
    return distance.asc_nulls_last()


def _is_selected(rules: RankSection) -> Column:
    return F.col("rank_in_label").between(*rules.select_ranks) & F.col("ppi").between(*rules.select_ppi)


def top_images(image_rank: DataFrame) -> str:
    """The best images with their values, for the summary."""
    best = image_rank.where(F.col("rank") <= TOP).select("rank", "image_id", "value").distinct().collect()
    return ", ".join(
        f"{row['image_id']} ({'unknown' if row['value'] is None else format(row['value'], '.4g')})"
        for row in sorted(best, key=lambda row: row["rank"])
    )
