"""Which images of the lake answer a query: the nearest by features, or those of the predicted label by PPI.

Queries are known by their number in the order in which they are given.

Letters: Q queries, R candidates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from pyspark import StorageLevel
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.search.order import candidate_count, in_order, nearest_first
from imagelake.search.page import BY_LABEL, SIMILAR
from imagelake.search.query import predicted_label
from imagelake.tables import TABLES
from imagelake.transforms.search.nearest import SearchedIndex, nearest_rows
from imagelake.transforms.search.search_filters import allowed_images, excluded_images, splits_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

    from imagelake.search.filters import Filters
    from imagelake.search.order import Order
    from imagelake.search.query import Query
    from imagelake.transforms.search.label_meanings import LabelMeanings

_RANKED_DDL = "query int, mode string, rank int, image_id string, similarity double"


@dataclass(frozen=True)
class LakeImages:
    """The lake at a root, and its tables that a search looks into, as published."""

    root: str
    predictions: DataFrame
    labels_clean: DataFrame
    image_quality: DataFrame
    image_bytes: DataFrame
    images: DataFrame


@dataclass(frozen=True)
class SearchRules:
    """Which answers are wanted.

    Attributes:
        filters: which images may be answers.
        order: of the nearest images.
        count: answers of each query and mode.
        exact: compare with every image instead of those of the nearest cells.
    """

    filters: Filters
    order: Order
    count: int
    exact: bool


@dataclass(frozen=True)
class Answerable:
    """Which images may be answers: those allowed for all queries (image_id), but for the excluded (query, image_id)."""

    allowed: DataFrame | None
    excluded: DataFrame


def search(
    lake: LakeImages, index: SearchedIndex, queries: Mapping[str, Query], meanings: LabelMeanings, rules: SearchRules
) -> DataFrame:
    """The search_results table: the best images of each query in both modes, of those that pass the filters.

    Raises:
        UnknownFilterError: the lake has no such label or split.
    """
    filters = rules.filters.resolved(meanings.labels, splits_of(lake.images))
    allowed = allowed_images(lake.labels_clean, lake.image_quality, meanings.labels, filters)
    if not queries:
        return lake.predictions.sparkSession.createDataFrame([], TABLES["search_results"].ddl)
    numbered = dict(enumerate(queries.values()))
    excluded = excluded_images(lake.images, numbered, rules.filters.hide_duplicates).persist()
    similar = similar_images(index, lake.image_quality, numbered, Answerable(allowed, excluded), rules)
    labels = lake.labels_clean
    if allowed is not None:
        labels = labels.join(allowed, "image_id", how="left_semi")
    ids = ids_of_predicted_labels(numbered, meanings)
    by_label = images_of_labels(labels, lake.image_quality, ids, excluded, rules.count)
    results = similar.unionByName(by_label).persist(StorageLevel.MEMORY_AND_DISK)
    names = lake.predictions.sparkSession.createDataFrame(list(enumerate(queries)), "number int, query string")
    return describe_results(_named(results, names), lake.image_quality, lake.labels_clean)


def _named(results: DataFrame, names: DataFrame) -> DataFrame:
    """Answers with the names of their queries instead of numbers."""
    numbered = results.withColumnRenamed("query", "number")
    return numbered.join(F.broadcast(names), "number", how="inner").drop("number")


def similar_images(
    index: SearchedIndex,
    quality: DataFrame,
    queries: Mapping[int, Query],
    answerable: Answerable,
    rules: SearchRules,
) -> DataFrame:
    """The nearest images of each query in the order of the rules: query, mode, rank, image_id, similarity."""
    allowed, excluded = answerable.allowed, answerable.excluded
    searched = {number: query.features for number, query in queries.items() if query.features is not None}
    if not searched:
        return excluded.sparkSession.createDataFrame([], _RANKED_DDL)
    # What is excluded may be among the answers of every task, and is then left out.
    most = excluded.groupBy("query").count().agg(F.max("count").alias("most")).collect()[0]["most"] or 0
    candidates = candidate_count(rules.count)
    found = nearest_rows(index, np.stack(list(searched.values())), candidates + most, allowed, rules.exact)
    numbers = F.array(*map(F.lit, searched))
    others = (
        found.withColumn("query", F.get(numbers, F.col("query")))
        .join(F.broadcast(excluded), ["query", "image_id"], how="left_anti")
        .persist(StorageLevel.MEMORY_AND_DISK)
    )
    found_ids = F.broadcast(others.select("image_id").distinct())
    ppi = quality.select("image_id", "ppi").join(found_ids, "image_id", how="left_semi")
    order, count = rules.order, rules.count

    def rank(answers: pd.DataFrame) -> pd.DataFrame:
        return ranked(answers, order, candidates, count)

    return others.join(F.broadcast(ppi), "image_id", how="left").groupBy("query").applyInPandas(rank, _RANKED_DDL)


def ranked(answers: pd.DataFrame, order: Order, candidates: int, count: int) -> pd.DataFrame:
    """The best answers of one query, with mode and rank.

    Args:
        answers: query, image_id, similarity and ppi, the nearest images and perhaps more.
        order: of the candidates.
        candidates: R, how many of the nearest are ordered.
        count: how many of these are wanted.
    """
    nearest = nearest_first(answers["image_id"].to_numpy(str), answers["similarity"].to_numpy())[:candidates]
    near = answers.iloc[nearest]
    best = near.iloc[in_order(near["similarity"].to_numpy(), near["ppi"].to_numpy(np.float64), order)[:count]]
    return best.assign(mode=SIMILAR, rank=np.arange(1, len(best) + 1))[
        ["query", "mode", "rank", "image_id", "similarity"]
    ]


def ids_of_predicted_labels(queries: Mapping[int, Query], meanings: LabelMeanings) -> list[tuple[int, str]]:
    """Query and label_id of each query's predicted label; several label_ids may bear one name."""
    labels = {
        number: predicted_label(query, meanings.label_of_class, meanings.labels.has_images)
        for number, query in queries.items()
    }
    return [
        (number, label_id)
        for number, label in labels.items()
        if label is not None
        for label_id in sorted(meanings.labels.ids(label.name))
    ]


def images_of_labels(
    labels_clean: DataFrame, quality: DataFrame, wanted: Sequence[tuple[int, str]], excluded: DataFrame, count: int
) -> DataFrame:
    """The images of each query's predicted label with the highest PPI, in the columns of similar_images.

    Args:
        labels_clean: image_id, label_id of the images that may be answers.
        quality: image_id, ppi.
        wanted: query and label_id.
        excluded: query, image_id: what is no answer.
        count: answers of each.
    """
    ids = F.broadcast(quality.sparkSession.createDataFrame(list(wanted), "query int, label_id string"))
    by_ppi = Window.partitionBy("query").orderBy(F.desc("ppi"), "image_id")
    return (
        labels_clean.join(ids, "label_id", how="inner")
        .select("query", "image_id")
        .distinct()
        .join(F.broadcast(excluded), ["query", "image_id"], how="left_anti")
        .join(quality.where("ppi IS NOT NULL").select("image_id", "ppi"), "image_id", how="inner")
        .withColumn("rank", F.row_number().over(by_ppi))
        .where(F.col("rank") <= count)
        .select(
            "query", F.lit(BY_LABEL).alias("mode"), "rank", "image_id", F.lit(None).cast("double").alias("similarity")
        )
    )


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
