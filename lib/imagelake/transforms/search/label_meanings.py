"""What labels mean to a search: those of the lake with what is narrower, and the one that each class means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pyspark.sql import functions as F

from imagelake.taxonomy.lake_labels import HierarchyEdge, LakeLabels, narrowest_labels
from imagelake.taxonomy.synonyms import shipped_synonyms

if TYPE_CHECKING:
    from pyspark.sql import DataFrame


@dataclass(frozen=True)
class LabelMeanings:
    """The labels of the lake, and the one that each class of the network means."""

    labels: LakeLabels
    label_of_class: Mapping[str, str]


def label_meanings(labels_clean: DataFrame, hierarchy: DataFrame, label_accuracy: DataFrame) -> LabelMeanings:
    """Read what labels mean from the tables of those names; all is collected: there are thousands at most."""
    names = labels_clean.groupBy("label_id").agg(F.min("label").alias("label")).collect()
    edges = hierarchy.select(*HierarchyEdge._fields).collect()
    measured = label_accuracy.where("label IS NOT NULL").select("label", "classes").collect()
    named = {row["label_id"]: row["label"] for row in names}
    return LabelMeanings(
        LakeLabels(named, (HierarchyEdge(*row) for row in edges), shipped_synonyms()),
        narrowest_labels({row["label"]: row["classes"] or () for row in measured}),
    )
