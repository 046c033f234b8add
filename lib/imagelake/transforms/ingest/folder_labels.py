"""Labels of a source that calls each image something itself: the folder of a photo, the label of an array."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.transforms.ingest.folder_coverage import shortened

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pyspark.sql import Column, DataFrame

ORIGIN = "human"


def class_folders(images: DataFrame) -> dict[str, int]:
    """Every name that the source gives images, and how many images have it."""
    found = images.where("has_bytes").select(F.col("source_label").alias("folder")).where("folder IS NOT NULL")
    return {row["folder"]: row["count"] for row in found.groupBy("folder").count().orderBy("folder").collect()}


def labelled_by_keyword(images: DataFrame, labels: Mapping[str, Sequence[str]]) -> DataFrame:
    """The images with the label of their keyword for ``source_label``; null where it stands for none.

    Where a keyword stands for several labels, the image's own one decides; it is null where that is none of them.

    Args:
        images: the images table.
        labels: keyword, as `keywords.plain` spells it -> its labels.
    """
    rows = [(word, list(found)) for word, found in labels.items()]
    known = images.sparkSession.createDataFrame(rows, "plain string, its_labels array<string>")
    own = F.when(F.array_contains("its_labels", F.col("source_label")), F.col("source_label"))
    return (
        images.withColumn("plain", _plain_keyword())
        .join(F.broadcast(known), "plain", how="left")
        .withColumn("source_label", F.when(F.size("its_labels") == 1, F.get("its_labels", F.lit(0))).otherwise(own))
        .drop("plain", "its_labels")
    )


def _plain_keyword() -> Column:
    """As `keywords.plain` spells it."""
    return F.lower(F.trim(F.replace("keyword", F.lit("_"), F.lit(" "))))


def keyword_notes(images: DataFrame, labels: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """For the summary: how many keywords of how many labels there are, and which of them need a look."""
    unused, several = _unused_keywords(images, labels), sorted(word for word, found in labels.items() if len(found) > 1)
    every = {label for found in labels.values() for label in found}
    return {
        "keywords": f"{len(labels):,} of {len(every):,} labels; {len(unused):,} without an image",
        **({"without an image": shortened(unused)} if unused else {}),
        **({"of several labels, so that the image's own one decides": shortened(several)} if several else {}),
    }


def _unused_keywords(images: DataFrame, labels: Mapping[str, Sequence[str]]) -> list[str]:
    """Those keywords that no image has, by name."""
    wanted = images.sparkSession.createDataFrame([(word,) for word in labels], "plain string")
    met = wanted.join(images.select(_plain_keyword().alias("plain")), "plain", how="left_semi").collect()
    return sorted(set(labels) - {row["plain"] for row in met})


def folder_labels(images: DataFrame, label_of_folder: Mapping[str, str]) -> DataFrame:
    """One label row an image that its source gives a name: confidence 1, given by a human.

    Args:
        images: image_id, split, has_bytes, source_label, and source, what the row's source is called.
        label_of_folder: the label of each such name.
    """
    named = images.sparkSession.createDataFrame(list(label_of_folder.items()), "source_label string, label string")
    return (
        images.where("has_bytes")
        .join(F.broadcast(named), "source_label", how="inner")
        .select(
            "image_id",
            F.col("label").alias("label_id"),
            "label",
            "split",
            F.lit(ORIGIN).alias("origin"),
            "source",
            F.lit(1.0).alias("confidence"),
        )
    )
