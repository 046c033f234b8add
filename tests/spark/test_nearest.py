"""Nearest images as a Spark job: brute force's answers, with and without filters, from some of the cells."""

from __future__ import annotations

import numpy as np
import pytest
from pyspark.sql import DataFrame, SparkSession

from imagelake.search.description import IndexDescription
from imagelake.search.index_files import TrainedIndex
from imagelake.search.parameters import IndexOverrides, choose_parameters
from imagelake.search.quantizer import Quantizer
from imagelake.transforms.search.image_index import INDEX_OPTIONS, in_order_of_cells, index_images, indexable
from imagelake.transforms.search.nearest import SearchedIndex, nearest_rows, route
from imagelake.vision.engine import unit_length

ROWS, WIDTH, K = 6000, 32, 10
OVERRIDES = IndexOverrides(exact_below=0, cells=60, probes=20)


def vectors(rows: int, seed: int) -> np.ndarray:
    """Unit vectors [rows, 32], the n-th in the cluster n modulo 20, which lies where it does for any seed."""
    centres = np.random.default_rng(0).normal(size=(20, WIDTH))
    noise = 0.3 * np.random.default_rng(seed).normal(size=(rows, WIDTH))
    return unit_length((centres[np.arange(rows) % 20] + noise).astype(np.float32))


@pytest.fixture(scope="module")
def index(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> SearchedIndex:
    """A published index of 6,000 images in 60 cells."""
    parameters = choose_parameters(ROWS, WIDTH, OVERRIDES)
    features = vectors(ROWS, 1)
    trained = Quantizer.train(features, parameters).to_bytes()
    description = IndexDescription("made", WIDTH, parameters, ROWS, ROWS)
    rows = [(f"image-{number:05}", vector.tolist(), None) for number, vector in enumerate(features)]
    predictions = spark.createDataFrame(rows, "image_id string, features array<float>, error string")
    folder = str(tmp_path_factory.mktemp("index") / "image_index")
    indexed = index_images(indexable(predictions.repartition(3)), trained)
    in_order_of_cells(indexed, ROWS, description).write.options(**INDEX_OPTIONS).parquet(folder)
    return SearchedIndex(spark.read.parquet(folder), ROWS, TrainedIndex(description, trained))


def recall(found: DataFrame, queries: np.ndarray, chosen: np.ndarray) -> float:
    """The share of brute force's ten nearest of the chosen images among the ten best that were found."""
    cosines = np.where(chosen, queries @ vectors(ROWS, 1).T, -np.inf)
    best = found.toPandas().sort_values("similarity", ascending=False).groupby("query").head(K)
    answers = best.groupby("query")["image_id"].agg(set)
    expected = [{f"image-{row:05}" for row in rows} for rows in np.argsort(-cosines, axis=1)[:, :K]]
    return float(np.mean([len(answers.get(query, set()) & own) / K for query, own in enumerate(expected)]))


FILTERS = {
    "none": np.ones(ROWS, bool),
    "half": np.arange(ROWS) % 2 == 0,
    "other clusters": np.arange(ROWS) % 20 >= 10,
    "few": np.arange(ROWS) % 100 == 0,
}


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("name", FILTERS)
def test_answers_are_those_of_brute_force(spark: SparkSession, index: SearchedIndex, name: str, exact: bool) -> None:
    """All of them exactly, 95 of 100 through the cells, and only of the images that a filter lets through."""
    queries, chosen = vectors(10, 2), FILTERS[name]
    ids = [(f"image-{row:05}",) for row in np.flatnonzero(chosen)]
    allowed = None if name == "none" else spark.createDataFrame(ids, "image_id string")
    found = nearest_rows(index, queries, K, allowed, exact)
    assert recall(found, queries, chosen) >= (0.99 if exact else 0.95)
    assert {row["image_id"] for row in found.collect()} <= {image_id for (image_id,) in ids}


def test_no_vector_travels_and_other_cells_are_not_read(index: SearchedIndex) -> None:
    """The plan has no exchange, and its scan asks for the cells of the routes, a part of all."""
    queries = vectors(1, 2)
    routed = route(index, queries, None, exact=False).any(axis=0)
    assert routed.sum() == OVERRIDES.probes
    found = nearest_rows(index, queries, K, None, exact=False)
    plan = found._jdf.queryExecution().toString()
    assert "Exchange" not in plan
    assert "PushedFilters: [In(cell" in plan


def test_no_image_may_be_an_answer(spark: SparkSession, index: SearchedIndex) -> None:
    """A filter that lets nothing through has no answers."""
    nobody = spark.createDataFrame([], "image_id string")
    assert nearest_rows(index, vectors(2, 2), K, nobody, exact=False).count() == 0
