"""Labels of a folder of photos: the folder of each photo is its label."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.ingest.image_files import SPLIT_FOLDERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import Column, DataFrame

ORIGIN, SOURCE = "human", "folder"


def class_folder() -> Column:
    """The name of a photo's own folder; null at the top, and in a folder that is named like a split."""
    parts = F.split("image_id", "/")
    parent = F.when(F.size(parts) > 1, F.element_at(parts, -2))
    return F.when(~F.lower(parent).isin(*SPLIT_FOLDERS), parent)


def class_folders(images: DataFrame) -> dict[str, int]:
    """Every class folder by name, and how many images lie in folders of that name."""
    found = images.where("has_bytes").select(class_folder().alias("folder")).where("folder IS NOT NULL")
    return {row["folder"]: row["count"] for row in found.groupBy("folder").count().orderBy("folder").collect()}


def folder_labels(images: DataFrame, label_of_folder: Mapping[str, str]) -> DataFrame:
    """One label row a photo in a class folder: confidence 1, given by a human.

    Args:
        images: the images table of a folder of photos.
        label_of_folder: the label of each class folder.
    """
    named = images.sparkSession.createDataFrame(list(label_of_folder.items()), "folder string, label string")
    return (
        images.where("has_bytes")
        .withColumn("folder", class_folder())
        .join(F.broadcast(named), "folder", how="inner")
        .select(
            "image_id",
            F.col("label").alias("label_id"),
            "label",
            "split",
            F.lit(ORIGIN).alias("origin"),
            F.lit(SOURCE).alias("source"),
            F.lit(1.0).alias("confidence"),
        )
    )
