"""Predictions of images from outside the lake."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.spreadsheet import cell
from imagelake.transforms.predict.predict import PredictSettings, predict_images

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import DataFrame

    from imagelake.vision.packed import PackedModel

CSV_COLUMNS = ("folder", "path", "predicted", "score", "error")
SHOWN = 5


def unseen_predictions(
    described: DataFrame, packed: DataFrame, folder: str, model: PackedModel, settings: PredictSettings
) -> DataFrame:
    """The unseen_predictions table of one folder.

    Args:
        described: image_id and error of every image file.
        packed: image_id and content of those without an error.
        folder: as the user gave it.
        model: the network.
        settings: how images are scored.
    """
    predicted = predict_images(packed, model, settings).drop("features", "entropy", "gradient", "top_classes")
    columns = ("image_id", "top_names", "top_scores", F.col("error").alias("decoding_error"), "error_detail")
    return described.join(predicted.select(*columns), "image_id", how="left").select(
        F.col("image_id").alias("path"),
        F.lit(folder).alias("folder"),
        F.get("top_names", F.lit(0)).alias("predicted"),
        F.get("top_scores", F.lit(0)).alias("score"),
        "top_names",
        "top_scores",
        F.coalesce("error", "decoding_error").alias("error"),
        "error_detail",
    )


def write_csv(table: DataFrame, file: Path) -> None:
    """The table as a CSV in the order of folders and paths, a partition at a time."""
    rows = table.select(*CSV_COLUMNS).orderBy("folder", "path")
    with file.open("w", newline="", encoding="utf-8") as opened:
        writer = csv.writer(opened)
        writer.writerow(CSV_COLUMNS)
        writer.writerows(map(cell, row) for row in rows.toLocalIterator())


def most_predicted(table: DataFrame) -> str:
    """The most frequent predictions with their numbers; empty where there are none."""
    counts = table.where("predicted IS NOT NULL").groupBy("predicted").count()
    most = counts.orderBy(F.desc("count"), "predicted").limit(SHOWN).collect()
    return ", ".join(f"{row['predicted']} {row['count']:,}" for row in most)
