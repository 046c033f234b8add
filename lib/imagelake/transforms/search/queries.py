"""Query images: fetched from an address, read from a file or taken from the lake, and made ready for the search."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pyspark.sql import functions as F
from pyspark.sql.window import Window

from imagelake.errors import ImageLakeError
from imagelake.net.safe_fetch import FetchError
from imagelake.search.query import TOP_CLASSES, Query, is_address, query_of_photo, unknown_query
from imagelake.search.scan import HALF
from imagelake.tables import TABLES
from imagelake.vision.decode import decode_image
from imagelake.vision.errors import ImageError
from imagelake.vision.network import open_network
from imagelake.vision.thumbnails import thumbnail, thumbnail_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pyspark.sql import DataFrame, Row, SparkSession

    from imagelake.net.safe_fetch import SafeFetch
    from imagelake.transforms.search.search import LakeImages
    from imagelake.vision.limits import Limits
    from imagelake.vision.network import Network
    from imagelake.vision.published_network import PublishedNetwork

EXAMPLES = 12  # labels shown where no query is given


@dataclass(frozen=True)
class QueryImage:
    """One query and what became of it: a row of search_queries, and the query itself where the image can be read."""

    row: dict[str, Any]
    query: Query | None


@dataclass(frozen=True)
class QueryReader:
    """The bytes of queries from outside the lake.

    Attributes:
        fetch: how addresses are fetched.
        read_file: the bytes of a file, local or hdfs://; None where there is none.
    """

    fetch: SafeFetch
    read_file: Callable[[str], bytes | None]

    def read(self, name: str) -> bytes | None:
        """The bytes of a query; None for what is neither an address nor a file.

        Raises:
            ImageLakeError: the address is not fetched, or gives no file; the message names it.
        """
        if not is_address(name):
            return self.read_file(name)
        try:
            return self.fetch.fetch(name)
        except FetchError as error:
            raise ImageLakeError(f"{name}: {error.detail}") from None


@dataclass(frozen=True)
class PhotoSettings:
    """What one photo may cost, and the longer side of its thumbnail in pixels."""

    limits: Limits
    thumbnail_side: int


def query_images(
    names: Sequence[str], lake: LakeImages, reader: QueryReader, network: PublishedNetwork, settings: PhotoSettings
) -> list[QueryImage]:
    """The named queries in their order, each once; without any, one image of each label of the lake.

    Raises:
        ImageLakeError: a name is no address that can be fetched, no file and no image of the lake.
    """
    if not names:
        examples = example_images(lake.predictions, lake.labels_clean, EXAMPLES)
        return list(queries_of_lake(examples, lake, settings).values())
    contents = {name: reader.read(name) for name in dict.fromkeys(names)}
    of_lake = queries_of_lake([name for name, content in contents.items() if content is None], lake, settings)
    # Images of the lake have their predictions: only photos from outside need the network.
    opened = open_network(network.packed) if len(of_lake) < len(contents) else None

    def query_image(name: str, content: bytes | None) -> QueryImage:
        if content is None or opened is None:
            return of_lake[name]
        return query_from_outside(name, content, opened, network, settings)

    return [query_image(name, content) for name, content in contents.items()]


def query_from_outside(
    name: str, content: bytes, opened: Network, network: PublishedNetwork, settings: PhotoSettings
) -> QueryImage:
    """A photo from outside the lake; one that cannot be decoded has an error and no query."""
    try:
        decoded = decode_image(content, settings.limits)
    except ImageError as error:
        return QueryImage({"query": name, "error": error.reason, "error_detail": error.detail}, None)
    query = query_of_photo(content, decoded, opened, network)
    small = thumbnail_of(decoded, settings.thumbnail_side)
    return QueryImage({"query": name, "thumbnail": small} | _predicted(query), query)


def queries_of_lake(image_ids: Collection[str], lake: LakeImages, settings: PhotoSettings) -> dict[str, QueryImage]:
    """Images of the lake as queries by image_id, with the predictions that they have.

    Raises:
        ImageLakeError: an identifier is none of the lake's.
    """
    if not image_ids:
        return {}
    chosen = F.col("image_id").isin(list(image_ids))
    contents = {row["image_id"]: row["content"] for row in lake.image_bytes.where(chosen).collect()}
    predictions = lake.predictions.where(chosen)
    hashes = lake.images.where(chosen).select("image_id", "sha256")
    rows = {row["image_id"]: row for row in hashes.join(predictions, "image_id", how="left").collect()}
    for image_id in image_ids:
        if image_id not in rows:
            raise unknown_query(image_id, lake.root)
    return {image_id: _query_of_lake(rows[image_id], contents.get(image_id), settings) for image_id in image_ids}


def _query_of_lake(row: Row, content: bytes | None, settings: PhotoSettings) -> QueryImage:
    found = {"query": row["image_id"], "query_image_id": row["image_id"]}
    if row["features"] is None:
        error = {"error": row["error"] or "no_prediction", "error_detail": row["error_detail"]}
        return QueryImage(found | error, None)
    # As the index keeps them.
    features = np.asarray(row["features"], HALF).astype(np.float32)
    classes = tuple(zip(row["top_names"], row["top_scores"], strict=True))[:TOP_CLASSES]
    query = Query(features, classes, row["sha256"], row["image_id"])
    try:
        found["thumbnail"] = thumbnail(content, settings.thumbnail_side, settings.limits)
    except ImageError:
        found["thumbnail"] = None
    return QueryImage(found | _predicted(query), query)


def _predicted(query: Query) -> dict[str, Any]:
    return {"top_names": [name for name, _ in query.classes], "top_scores": [score for _, score in query.classes]}


def query_rows(spark: SparkSession, queries: Iterable[QueryImage]) -> DataFrame:
    """The search_queries table."""
    table = TABLES["search_queries"]
    rows = [tuple(image.row.get(column.name) for column in table.columns) for image in queries]
    return spark.createDataFrame(rows, table.ddl)


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
        .withColumn("number", F.row_number().over(of_label))
        .where("number = 1")
        .orderBy("label")
        .select("image_id")
        .limit(limit)
    )
    return sorted({row["image_id"] for row in chosen.collect()})
