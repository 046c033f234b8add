"""Which images of the lake may be answers: by label, split, size, photo or depiction; and never the query's own."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.errors import unknown_choice
from imagelake.search.query import DEPICTION

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pyspark.sql import DataFrame

    from imagelake.config import SearchSection
    from imagelake.transforms.labels.label_classes import Vocabulary


@dataclass(frozen=True)
class FilterTables:
    """What the filters look at, as published."""

    labels_clean: DataFrame
    image_quality: DataFrame


def allowed_images(tables: FilterTables, words: Vocabulary, rules: SearchSection) -> DataFrame | None:
    """The image_id of the images that pass every filter; None where no filter is set.

    Raises:
        ImageLakeError: the label or the split is none of the lake's.
    """
    passing = []
    if rules.label:
        passing.append(_of_labels(tables.labels_clean, words, rules.label))
    if rules.split or rules.min_ppi or rules.min_pixels:
        passing.append(_of_size(tables.image_quality, rules))
    if rules.kind != "any":
        passing.append(_of_kind(tables.image_quality, rules.kind))
    if not passing:
        return None
    return reduce(lambda one, other: one.join(other, "image_id", how="left_semi"), passing)


def _of_labels(labels_clean: DataFrame, words: Vocabulary, label: str) -> DataFrame:
    """Images of a label, and of the kinds that the hierarchy has below it."""
    tree = words.hierarchy
    kinds = {label, *(tree.descendants(label) if tree and label in tree else ())}
    if not kinds & set(words.labels):
        raise unknown_choice("label in search.label:", label, {*words.labels, *(tree.nodes if tree else ())})
    return labels_clean.where(F.col("label").isin(sorted(kinds))).select("image_id").distinct()


def _of_size(quality: DataFrame, rules: SearchSection) -> DataFrame:
    large = (F.col("ppi") >= rules.min_ppi) & (F.col("pixels") >= rules.min_pixels)
    if rules.split:
        splits = {row["split"] for row in quality.select("split").distinct().collect()}
        if rules.split not in splits:
            raise unknown_choice("split in search.split:", rules.split, splits)
        large = large & (F.col("split") == rules.split)
    return quality.where(large).select("image_id")


def _of_kind(quality: DataFrame, kind: str) -> DataFrame:
    """Depictions: images that boxes or features tell to be one; photos: all others."""
    is_depiction = F.coalesce(F.col("kind") == DEPICTION, F.lit(False))
    return quality.where(is_depiction == F.lit(kind == DEPICTION)).select("image_id")


def excluded_images(
    images: DataFrame, own: Sequence[tuple[str, str]], hashes: Sequence[tuple[str, str]], duplicates: bool
) -> DataFrame:
    """What is no answer to a query: the image that it is, and where asked for, every image of the same bytes.

    Args:
        images: image_id and sha256.
        own: query and image_id, for those that are images of the lake.
        hashes: query and SHA-256, for those from outside.
        duplicates: whether images of the same bytes are no answers.

    Returns:
        query, image_id.
    """
    themselves = images.sparkSession.createDataFrame(list(own), "query string, image_id string")
    if not duplicates:
        return themselves
    outside = images.sparkSession.createDataFrame(list(hashes), "query string, sha256 string")
    inside = images.join(F.broadcast(themselves), "image_id", how="inner").select("query", "sha256")
    asked = F.broadcast(outside.unionByName(inside))
    twins = images.join(asked, "sha256", how="inner").select("query", "image_id")
    return themselves.unionByName(twins).distinct()
