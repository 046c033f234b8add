"""What is dealt out whole: images with one label each, and the groups that must stay together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.errors import unknown_choice

if TYPE_CHECKING:
    from pyspark.sql import Column, DataFrame

DUPLICATES = "duplicates"


def judge_images(images: DataFrame, predictions: DataFrame) -> DataFrame:
    """Add ``reason``: null for an image that can be used, else no_bytes or what decoding met."""
    met = predictions.where("error IS NOT NULL").select("image_id", F.col("error").alias("decoding_error"))
    return images.join(met, "image_id", how="left").withColumn(
        "reason", F.coalesce(F.when(~F.col("has_bytes"), "no_bytes"), "error", "decoding_error")
    )


def outside(judged: DataFrame, chosen: DataFrame, reason: str) -> DataFrame:
    """Give the images that are not among the chosen ones a reason, unless they have one."""
    marked = judged.join(chosen.select("image_id", F.lit(True).alias("is_chosen")), "image_id", how="left")
    unchosen = F.when(F.col("is_chosen").isNull(), reason)
    return marked.withColumn("reason", F.coalesce("reason", unchosen)).drop("is_chosen")


def with_labels(images: DataFrame, labels_clean: DataFrame) -> DataFrame:
    """Add ``label``: the surest clean label of each image, the first by name of equally sure ones; null without one."""
    surest = F.min(F.struct((-F.col("confidence")).alias("doubt"), "label")).alias("surest")
    chosen = labels_clean.groupBy("image_id").agg(surest).select("image_id", F.col("surest.label").alias("label"))
    return images.join(chosen, "image_id", how="left")


def with_groups(images: DataFrame, duplicate_groups: DataFrame, group_by: str) -> DataFrame:
    """Add ``group_id``: what keeps images together, and the image itself where nothing does.

    Args:
        images: with image_id.
        duplicate_groups: of the lake.
        group_by: duplicates; empty for nothing; or a column of images whose equal values stay together, such as author.

    Raises:
        ImageLakeError: images has no such column.
    """
    if group_by == DUPLICATES:
        groups = duplicate_groups.select("image_id", F.col("representative_id").alias("group_id"))
        joined = images.join(groups, "image_id", how="left")
        return joined.withColumn("group_id", F.coalesce("group_id", "image_id"))
    if not group_by:
        return images.withColumn("group_id", F.col("image_id"))
    if group_by not in images.columns:
        choices = (DUPLICATES, *(name for name in images.columns if name not in ("image_id", "reason", "label")))
        raise unknown_choice("column to group by", group_by, choices)
    return images.withColumn("group_id", F.coalesce(F.col(group_by).cast("string"), "image_id"))


def random_order(key: str, seed: int) -> tuple[Column, Column]:
    """An order that depends on the key and the seed alone, whatever the partitions: the hash, and the key at a tie."""
    return F.xxhash64(F.col(key), F.lit(seed)), F.col(key)
