"""Query images: read from a file, an address or the lake, seen by the model, made ready for the search."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_uri
from imagelake.net.query_image import fetch_image
from imagelake.tables import TABLES
from imagelake.transforms.predict.model import image_limits, input_settings
from imagelake.transforms.search.search import LakeImages, Query, example_images
from imagelake.vision.engine import top_k, unit_length
from imagelake.vision.errors import ImageError
from imagelake.vision.preprocess import prepare
from imagelake.vision.thumbnails import thumbnail

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pyspark.sql import DataFrame, SparkSession

    from imagelake.config import Config
    from imagelake.lake.storage import Storage
    from imagelake.transforms.labels.label_classes import LabelClasses
    from imagelake.vision.engine import Engine

EXAMPLES = 12  # labels shown where nothing is asked for


@dataclass(frozen=True)
class QueryImage:
    """One query and what became of it: a row of search_queries, and the query itself where the image can be read."""

    row: dict[str, Any]
    query: Query | None


def read_query(name: str, storage: Storage, config: Config) -> bytes:
    """The bytes of a query: http(s) addresses are fetched, everything else is a file, local or hdfs://.

    Raises:
        ImageLakeError: it cannot be read; the message names it.
    """
    if name.startswith(("http://", "https://")):
        return fetch_image(name, config.search.url_timeout_s, config.search.url_max_bytes)
    if not storage.exists(to_uri(name)):
        raise ImageLakeError(f"query image {name}: there is no such file")
    return storage.read_bytes(to_uri(name), config.images.max_bytes)


def predict_query(name: str, content: bytes, engine: Engine, meanings: LabelClasses, config: Config) -> QueryImage:
    """Score a query image from outside the lake; one that cannot be decoded has an error and no query."""
    row: dict[str, Any] = {"query": name}
    try:
        pixels = prepare(content, input_settings(config.model, image_limits(config.images)))
        row["thumbnail"] = thumbnail(content, config.report.thumbnail_side, image_limits(config.images))
    except ImageError as error:
        return QueryImage(row | {"error": error.reason, "error_detail": error.detail}, None)
    scored = engine.run(pixels[np.newaxis])
    classes, scores = top_k(scored.scores, config.model.top_k)
    row["top_names"] = [meanings.class_names[index] for index in classes[0]]
    row["top_scores"] = scores[0].tolist()
    label, digest = _meaning(meanings, int(classes[0][0])), hashlib.sha256(content).hexdigest()
    return QueryImage(row, Query(name, unit_length(scored.features)[0], label, None, digest))


def _meaning(meanings: LabelClasses, index: int) -> str:
    """The label that a class means; its own name where it means none, which finds labels of that very name."""
    return meanings.label_of.get(index, meanings.class_names[index])


def lake_queries(
    image_ids: Sequence[str], lake: LakeImages, meanings: LabelClasses, config: Config
) -> list[QueryImage]:
    """Images of the lake as queries: their predictions are known already."""
    chosen = F.col("image_id").isin(list(image_ids))
    contents = {row["image_id"]: bytes(row["content"]) for row in lake.image_bytes.where(chosen).collect()}
    return [
        QueryImage(
            {
                "query": seen["image_id"],
                "query_image_id": seen["image_id"],
                "top_names": list(seen["top_names"]),
                "top_scores": list(seen["top_scores"]),
                "thumbnail": thumbnail(
                    contents[seen["image_id"]], config.report.thumbnail_side, image_limits(config.images)
                ),
            },
            Query(
                seen["image_id"],
                np.asarray(seen["features"], np.float32),
                _meaning(meanings, seen["top_classes"][0]),
                seen["image_id"],
            ),
        )
        for seen in lake.predictions.where(chosen).where("error IS NULL").orderBy("image_id").collect()
    ]


def query_images(
    lake: LakeImages, storage: Storage, meanings: LabelClasses, open_model: Callable[[], Engine], config: Config
) -> list[QueryImage]:
    """The queries of the configuration in their order, each once; without any, one image of each label of the lake.

    The model is opened only for images from outside: the lake's own have been seen already.
    """
    if not config.search.queries:
        examples = example_images(lake.predictions, lake.labels_clean, EXAMPLES)
        return lake_queries(examples, lake, meanings, config)
    engine = open_model()
    names = dict.fromkeys(config.search.queries)
    return [predict_query(name, read_query(name, storage, config), engine, meanings, config) for name in names]


def query_rows(spark: SparkSession, asked: Sequence[QueryImage]) -> DataFrame:
    """The search_queries table."""
    table = TABLES["search_queries"]
    rows = [tuple(image.row.get(column.name) for column in table.columns) for image in asked]
    return spark.createDataFrame(rows, table.ddl)
