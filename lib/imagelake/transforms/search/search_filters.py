"""Which images of the lake may be answers to which query: what passes the filters, and is not the query itself."""

from __future__ import annotations

from collections.abc import Iterator
from functools import reduce
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from pyspark.sql import functions as F

from imagelake.search.filters import FilterColumns, passing
from imagelake.search.query import DEPICTION

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pyspark.sql import DataFrame

    from imagelake.search.filters import Filters
    from imagelake.search.query import Query
    from imagelake.taxonomy.lake_labels import LakeLabels

QUERY_AND_IMAGE = "query int, image_id string"


def splits_of(images: DataFrame) -> list[str]:
    """The splits that images of the lake are in."""
    return [row["split"] for row in images.where("split IS NOT NULL").select("split").distinct().collect()]


def allowed_images(
    labels_clean: DataFrame, image_quality: DataFrame, labels: LakeLabels, filters: Filters
) -> DataFrame | None:
    """The image_id of the images that pass every filter; None where no filter is set."""
    allowed = []
    if filters.label is not None:
        ids = sorted(labels.ids_and_narrower(filters.label))
        allowed.append(labels_clean.where(F.col("label_id").isin(ids)).select("image_id").distinct())
    if filters.by_columns:
        allowed.append(_passing(image_quality, filters))
    return reduce(lambda one, other: one.join(other, "image_id", how="left_semi"), allowed) if allowed else None


def _passing(image_quality: DataFrame, filters: Filters) -> DataFrame:
    """The image_id of the images that pass the filters by column, as `passing` decides it."""

    def keep(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            allowed = pa.array(passing(filters, _columns(batch)))
            yield pa.record_batch({"image_id": batch["image_id"]}).filter(allowed)

    return image_quality.select("image_id", "split", "ppi", "pixels", "kind").mapInArrow(keep, "image_id string")


def _columns(batch: pa.RecordBatch) -> FilterColumns:
    split = batch["split"].dictionary_encode()
    return FilterColumns(
        splits=split.dictionary.to_pylist(),
        split=pc.fill_null(split.indices, -1).to_numpy(zero_copy_only=False),
        ppi=pc.fill_null(batch["ppi"], np.nan).to_numpy(zero_copy_only=False),
        pixels=pc.fill_null(batch["pixels"], 0).to_numpy(zero_copy_only=False),
        is_depiction=pc.fill_null(pc.equal(batch["kind"], DEPICTION), False).to_numpy(zero_copy_only=False),
    )


def excluded_images(images: DataFrame, queries: Mapping[int, Query], hide_duplicates: bool) -> DataFrame:
    """What is no answer to a query: the image that it is, and with hidden duplicates every image of the same bytes.

    Args:
        images: image_id and sha256.
        queries: by number.
        hide_duplicates: see Filters.

    Returns:
        query, image_id.
    """
    spark = images.sparkSession
    own = [(number, query.image_id) for number, query in queries.items() if query.image_id is not None]
    themselves = spark.createDataFrame(own, QUERY_AND_IMAGE)
    if not hide_duplicates:
        return themselves
    hashes = [(number, query.sha256) for number, query in queries.items() if query.sha256 is not None]
    wanted = F.broadcast(spark.createDataFrame(hashes, "query int, sha256 string"))
    copies = images.join(wanted, "sha256", how="inner").select("query", "image_id")
    return themselves.unionByName(copies).distinct()
