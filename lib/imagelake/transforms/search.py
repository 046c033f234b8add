"""Which images of the lake answer a query: nearest by features, or of the predicted label by PPI."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.search.exact import NearestRows
from imagelake.tables import TABLES

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

SIMILAR, BY_LABEL = "similar", "label"


@dataclass(frozen=True)
class Query:
    """One image to look for.

    Attributes:
        name: the file, address or image_id that was asked.
        features: float32 [D], unit length.
        label: the label that its best class means; None where it means none.
        image_id: the image of the lake that it is, which is no answer to itself; None for one from outside.
    """

    name: str
    features: NDArray[np.float32]
    label: str | None
    image_id: str | None


@dataclass(frozen=True)
class LakeImages:
    """The tables that a search looks into, as published."""

    predictions: DataFrame
    labels_clean: DataFrame
    image_quality: DataFrame
    image_bytes: DataFrame


def search(lake: LakeImages, queries: Sequence[Query], k: int) -> DataFrame:
    """The search_results table: the k best of each query in both modes."""
    if not queries:
        return lake.predictions.sparkSession.createDataFrame([], TABLES["search_results"].ddl)
    similar = nearest_images(lake.predictions, queries, k)
    by_label = images_of_label(lake.labels_clean, lake.image_quality, queries, k)
    return describe_results(similar.unionByName(by_label), lake.image_quality, lake.labels_clean)


def nearest_images(predictions: DataFrame, queries: Sequence[Query], k: int) -> DataFrame:
    """The k nearest images of each query by cosine: query, mode, rank, image_id, similarity.

    Each partition is read once and answers with its own k best; only those are shuffled.
    """
    matrix = np.stack([query.features for query in queries])
    names = [query.name for query in queries]
    asked = k + 1  # the query itself may be among the answers, and is then left out

    def scan(batches: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
        nearest = NearestRows(matrix, asked)
        for batch in batches:
            if len(batch):
                nearest.add(batch["image_id"].to_numpy(str), np.stack(batch["features"].to_list()).astype(np.float32))
        best = nearest.best()
        for name, ids, similarities in zip(names, best.ids, best.similarities, strict=True):
            yield pd.DataFrame({"query": name, "image_id": ids, "similarity": similarities})

    rows = predictions.where("features IS NOT NULL").select("image_id", "features")
    answers = rows.mapInPandas(scan, "query string, image_id string, similarity double")
    itself = _itself(predictions, queries)
    best_first = Window.partitionBy("query").orderBy(F.desc("similarity"), "image_id")
    return (
        answers.join(F.broadcast(itself), ["query", "image_id"], how="left_anti")
        .withColumn("rank", F.row_number().over(best_first))
        .where(F.col("rank") <= k)
        .withColumn("mode", F.lit(SIMILAR))
        .select("query", "mode", "rank", "image_id", "similarity")
    )


def images_of_label(labels_clean: DataFrame, quality: DataFrame, queries: Sequence[Query], k: int) -> DataFrame:
    """The k images of each query's predicted label with the highest PPI, in the columns of nearest_images.

    Args:
        labels_clean: image_id, label.
        quality: image_id, ppi.
        queries: those without a label have no answers.
        k: answers for each.
    """
    asked = [(query.name, query.label) for query in queries if query.label is not None]
    wanted = quality.sparkSession.createDataFrame(asked, "query string, label string")
    by_ppi = Window.partitionBy("query").orderBy(F.desc("ppi"), "image_id")
    return (
        labels_clean.join(F.broadcast(wanted), "label", how="inner")
        .join(F.broadcast(_itself(quality, queries)), ["query", "image_id"], how="left_anti")
        .join(quality.select("image_id", "ppi"), "image_id", how="inner")
        .withColumn("rank", F.row_number().over(by_ppi))
        .where(F.col("rank") <= k)
        .select(
            "query", F.lit(BY_LABEL).alias("mode"), "rank", "image_id", F.lit(None).cast("double").alias("similarity")
        )
    )


def _itself(frame: DataFrame, queries: Sequence[Query]) -> DataFrame:
    pairs = [(query.name, query.image_id) for query in queries if query.image_id is not None]
    return frame.sparkSession.createDataFrame(pairs, "query string, image_id string")


def describe_results(results: DataFrame, quality: DataFrame, labels_clean: DataFrame) -> DataFrame:
    """Add split, PPI and clean labels to the answers."""
    found = results.select("image_id").distinct()
    labels = (
        labels_clean.join(F.broadcast(found), "image_id", how="left_semi")
        .groupBy("image_id")
        .agg(F.sort_array(F.collect_set("label")).alias("labels"))
    )
    described = quality.join(F.broadcast(found), "image_id", how="left_semi").select("image_id", "split", "ppi")
    return (
        results.join(described, "image_id", how="left")
        .join(labels, "image_id", how="left")
        .withColumn("labels", F.coalesce("labels", F.array().cast("array<string>")))
    )


def example_images(predictions: DataFrame, labels_clean: DataFrame, limit: int) -> list[str]:
    """Query examples from the lake: one decodable image a label, chosen by the hash of its identifier.

    A lake without labels gives any images, chosen in the same way.
    """
    decodable = predictions.where("error IS NULL").select("image_id")
    if labels_clean.isEmpty():
        return [row["image_id"] for row in decodable.orderBy(F.sha1("image_id")).limit(limit).collect()]
    # By label as well: else an image with a low hash would stand for all of its labels.
    of_label = Window.partitionBy("label").orderBy(F.sha1(F.concat("label", "image_id")), "image_id")
    chosen = (
        labels_clean.join(decodable, "image_id", how="left_semi")
        .withColumn("place", F.row_number().over(of_label))
        .where("place = 1")
        .orderBy("label")
        .select("image_id")
        .limit(limit)
    )
    return sorted({row["image_id"] for row in chosen.collect()})
