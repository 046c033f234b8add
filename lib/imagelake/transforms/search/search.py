"""Which images of the lake answer a query: nearest by features, or of the predicted label by PPI."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.tables import TABLES
from imagelake.transforms.search.nearest import SearchedIndex, nearest_rows
from imagelake.transforms.search.search_filters import FilterTables, allowed_images, excluded_images

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame

    from imagelake.config import SearchSection
    from imagelake.transforms.labels.label_classes import Vocabulary

SIMILAR, BY_LABEL = "similar", "label"


@dataclass(frozen=True)
class Query:
    """One image to look for.

    Attributes:
        name: the file, address or image_id that was asked.
        features: float32 [D], unit length.
        label: the label that its best class means; None where it means none.
        image_id: the image of the lake that it is, which is no answer to itself; None for one from outside.
        sha256: of the bytes of one from outside, in hex; None for an image of the lake.
    """

    name: str
    features: NDArray[np.float32]
    label: str | None
    image_id: str | None
    sha256: str | None = None


@dataclass(frozen=True)
class LakeImages:
    """The tables that a search looks into, as published."""

    predictions: DataFrame
    labels_clean: DataFrame
    image_quality: DataFrame
    image_bytes: DataFrame
    images: DataFrame


def search(
    lake: LakeImages, index: SearchedIndex, queries: Sequence[Query], words: Vocabulary, rules: SearchSection
) -> DataFrame:
    """The search_results table: the best images of each query in both modes, of those that pass the filters."""
    if not queries:
        return lake.predictions.sparkSession.createDataFrame([], TABLES["search_results"].ddl)
    allowed = allowed_images(FilterTables(lake.labels_clean, lake.image_quality), words, rules)
    own = [(query.name, query.image_id) for query in queries if query.image_id is not None]
    hashes = [(query.name, query.sha256) for query in queries if query.sha256 is not None]
    excluded = excluded_images(lake.images, own, hashes, rules.exclude_duplicates).persist()
    similar = nearest_images(index, queries, excluded, allowed, rules)
    labels = lake.labels_clean
    if allowed is not None:
        labels = labels.join(allowed, "image_id", how="left_semi")
    by_label = images_of_label(labels, lake.image_quality, queries, excluded, rules.neighbours)
    described = describe_results(similar.unionByName(by_label), lake.image_quality, lake.labels_clean)
    return in_order(described, rules.order)


def nearest_images(
    index: SearchedIndex, queries: Sequence[Query], excluded: DataFrame, allowed: DataFrame | None, rules: SearchSection
) -> DataFrame:
    """The nearest images of each query by cosine: query, mode, rank, image_id, similarity."""
    # What is excluded may be among the answers of every task, and is then left out.
    most = excluded.groupBy("query").count().agg(F.max("count").alias("most")).collect()[0]["most"] or 0
    matrix = np.stack([query.features for query in queries])
    found = nearest_rows(index, matrix, rules.neighbours + most, allowed, exact=rules.method == "exact")
    names = F.array(*(F.lit(query.name) for query in queries))
    best_first = Window.partitionBy("query").orderBy(F.desc("similarity"), "image_id")
    return (
        found.withColumn("query", F.get(names, F.col("query")))
        .join(F.broadcast(excluded), ["query", "image_id"], how="left_anti")
        .withColumn("rank", F.row_number().over(best_first))
        .where(F.col("rank") <= rules.neighbours)
        .withColumn("mode", F.lit(SIMILAR))
        .select("query", "mode", "rank", "image_id", "similarity")
    )


def images_of_label(
    labels_clean: DataFrame, quality: DataFrame, queries: Sequence[Query], excluded: DataFrame, k: int
) -> DataFrame:
    """The k images of each query's predicted label with the highest PPI, in the columns of nearest_images.

    Args:
        labels_clean: image_id, label of the images that may be answers.
        quality: image_id, ppi.
        queries: those without a label have no answers.
        excluded: query, image_id: what is no answer.
        k: answers for each.
    """
    asked = [(query.name, query.label) for query in queries if query.label is not None]
    wanted = quality.sparkSession.createDataFrame(asked, "query string, label string")
    by_ppi = Window.partitionBy("query").orderBy(F.desc("ppi"), "image_id")
    return (
        labels_clean.join(F.broadcast(wanted), "label", how="inner")
        .join(F.broadcast(excluded), ["query", "image_id"], how="left_anti")
        .join(quality.select("image_id", "ppi"), "image_id", how="inner")
        .withColumn("rank", F.row_number().over(by_ppi))
        .where(F.col("rank") <= k)
        .select(
            "query", F.lit(BY_LABEL).alias("mode"), "rank", "image_id", F.lit(None).cast("double").alias("similarity")
        )
    )


def in_order(results: DataFrame, order: str) -> DataFrame:
    """Rank the similar images by similarity as they are, by PPI, or by the sum of their places by either."""
    if order == "similarity":
        return results
    of_query = Window.partitionBy("query", "mode")
    by_ppi = F.row_number().over(of_query.orderBy(F.desc_nulls_last("ppi"), "rank"))
    placed = results.withColumn("place", by_ppi if order == "ppi" else by_ppi + F.col("rank"))
    again = F.row_number().over(of_query.orderBy("place", "rank"))
    return placed.withColumn("rank", F.when(F.col("mode") == SIMILAR, again).otherwise(F.col("rank"))).drop("place")


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
