"""What labels mean to a search: those of the lake with what is narrower, and the one that each class means."""

from __future__ import annotations

from collections.abc import Collection, Mapping
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


def label_meanings(
    labels_clean: DataFrame,
    hierarchy: DataFrame,
    label_accuracy: DataFrame,
    unmeasured: Mapping[str, Collection[str]] | None = None,
) -> LabelMeanings:
    """Read what labels mean from the tables of those names; all is collected: there are thousands at most.

    Args:
        labels_clean: the labels of images.
        hierarchy: which label is narrower than which.
        label_accuracy: the classes that count as each label.
        unmeasured: the same where that table does not tell, see `unmeasured_classes`.
    """
    names = labels_clean.groupBy("label_id").agg(F.min("label").alias("label")).collect()
    edges = hierarchy.select(*HierarchyEdge._fields).collect()
    named = {row["label_id"]: row["label"] for row in names}
    return LabelMeanings(
        LakeLabels(named, (HierarchyEdge(*row) for row in edges), shipped_synonyms()),
        narrowest_labels(_measured(label_accuracy) if unmeasured is None else unmeasured),
    )


def _measured(label_accuracy: DataFrame) -> dict[str, Collection[str]]:
    rows = label_accuracy.where("label IS NOT NULL").select("label", "classes").collect()
    return {row["label"]: row["classes"] or () for row in rows}
