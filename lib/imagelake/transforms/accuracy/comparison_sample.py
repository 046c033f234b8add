"""The sample of images on which variants are compared: the same ones each time, balanced by label."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.errors import ImageLakeError, unknown_choice

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

IMAGES_A_TASK = 64


@dataclass(frozen=True)
class Sample:
    """The sample, kept on the executors' disks.

    Attributes:
        images: image_id, content.
        labels: image_id and label of these images; an image counts for each of its labels.
        size: how many images.
    """

    images: DataFrame
    labels: DataFrame
    size: int


def labels_of_split(labels: DataFrame, split: str) -> DataFrame:
    """The labels of images in one split; all where none is named.

    Raises:
        ImageLakeError: no labelled image is in it.
    """
    if not split:
        return labels
    known = [row["split"] for row in labels.select("split").distinct().collect() if row["split"]]
    if split not in known:
        raise ImageLakeError(f"compare.split: {unknown_choice('split', split, known)}")
    return labels.where(F.col("split") == split)


def choose_sample(labels: DataFrame, image_bytes: DataFrame, covered: Collection[str], count: int) -> Sample:
    """Images with bytes and a label that accuracy can be measured on.

    Args:
        labels: clean labels.
        image_bytes: the lake's images.
        covered: the labels that some class of the model means.
        count: images to choose; 0 for all.

    Raises:
        ImageLakeError: there is no such image.
    """
    pairs = pairs_to_judge(labels, image_bytes, covered).persist(StorageLevel.DISK_ONLY)
    chosen = balanced_sample(pairs, count).persist(StorageLevel.DISK_ONLY)
    size = chosen.count()
    if not size:
        raise ImageLakeError(
            "there is nothing to compare on: no image with bytes has a clean label that a class of the model means; "
            "model.classes says what the classes are"
        )
    images = image_bytes.join(chosen, "image_id", how="left_semi")
    if count:  # few tasks, so that each has enough images to time
        images = images.repartition(ceil(size / IMAGES_A_TASK), "image_id")
    judged = pairs.join(chosen, "image_id", how="left_semi")
    return Sample(images.persist(StorageLevel.DISK_ONLY), judged.persist(StorageLevel.DISK_ONLY), size)


def pairs_to_judge(labels: DataFrame, image_bytes: DataFrame, covered: Collection[str]) -> DataFrame:
    """The pairs image_id, label, each once, of images with bytes and covered labels."""
    return (
        labels.where(F.col("label").isin(list(covered)))
        .select("image_id", "label")
        .distinct()
        .join(image_bytes.select("image_id"), "image_id", how="left_semi")
    )


def balanced_sample(pairs: DataFrame, count: int) -> DataFrame:
    """The image_id of `count` images, or of all for 0 and where there are fewer.

    Labels take turns, each with its next image by the hash of its identifier, so that a rare label gets as many images
    as a frequent one until it has no more. An image of several labels counts at its first turn.

    Args:
        pairs: image_id, label, each once.
        count: images to choose.
    """
    if not count:
        return pairs.select("image_id").distinct()
    in_label = Window.partitionBy("label").orderBy(F.sha1("image_id"))
    return (
        pairs.withColumn("turn", F.row_number().over(in_label))
        .where(F.col("turn") <= count)
        .groupBy("image_id")
        .agg(F.min("turn").alias("turn"))
        .orderBy("turn", F.sha1("image_id"))
        .limit(count)
        .select("image_id")
    )
