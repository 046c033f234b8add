"""Which images have which clean labels, and what the model's classes mean."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from imagelake.lake.predicting_network import unmeasured_classes
from imagelake.taxonomy.lake_labels import HierarchyEdge, LakeLabels
from imagelake.taxonomy.synonyms import shipped_synonyms

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    import pyarrow as pa  # type: ignore[import-untyped]
    from numpy.typing import NDArray

    from imagelake.lake.published import PublishedLake
    from imagelake.vision.published_network import PublishedNetwork


class ImageLabels:
    """Images by label and labels by image. Labels are told apart by label_id and named by display name.

    Attributes:
        known: every label that an image or the hierarchy has.
    """

    def __init__(
        self, lake: PublishedLake, rows_of: Callable[[pa.ChunkedArray], NDArray[np.int64]], images: int
    ) -> None:
        """Read the clean labels.

        Args:
            lake: the published tables.
            rows_of: image_ids to row numbers of the catalogue, -1 for one that it does not have.
            images: rows of the catalogue.
        """
        clean = lake.read("labels_clean", ("image_id", "label_id", "label"))
        rows = rows_of(clean["image_id"])
        ids = clean["label_id"].combine_chunks().dictionary_encode()
        self._ids: list[str] = ids.dictionary.to_pylist()
        self._code_of = {label_id: code for code, label_id in enumerate(self._ids)}
        names = clean.group_by("label_id").aggregate([("label", "min")])
        named = dict(zip(names["label_id"].to_pylist(), names["label_min"].to_pylist(), strict=True))
        self._names = [named[label_id] or label_id for label_id in self._ids]
        codes = ids.indices.to_numpy()
        listed = rows >= 0
        self._by_label = _Groups(codes[listed], rows[listed], len(self._ids))
        self._by_image = _Groups(rows[listed], codes[listed], images)
        self._images = images
        self.known = LakeLabels(named, _edges(lake), shipped_synonyms())

    def labels_of(self, row: int) -> tuple[str, ...]:
        """The labels of an image by name."""
        return tuple(sorted({self._names[code] for code in self._by_image.members(row)}))

    @cached_property
    def counts(self) -> dict[str, int]:
        """Label -> images that have this very label, most first."""
        counts: dict[str, int] = defaultdict(int)
        for name, count in zip(self._names, self._by_label.sizes(), strict=True):
            counts[name] += int(count)
        return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))

    def with_any(self, label_ids: Collection[str]) -> NDArray[np.bool_]:
        """Which images have one of some labels: bool [N]."""
        found = np.zeros(self._images, np.bool_)
        for label_id in label_ids:
            if label_id in self._code_of:
                found[self._by_label.members(self._code_of[label_id])] = True
        return found


class _Groups:
    """Members by group: both are numbers, and a group's members lie together."""

    def __init__(self, groups: NDArray[np.int64], members: NDArray[np.int64], count: int) -> None:
        self._members = members[np.argsort(groups, kind="stable")].astype(np.int32)
        self._starts = np.concatenate([[0], np.cumsum(np.bincount(groups, minlength=count))]).astype(np.int64)

    def members(self, group: int) -> NDArray[np.int32]:
        return self._members[self._starts[group] : self._starts[group + 1]]

    def sizes(self) -> NDArray[np.int64]:
        return np.diff(self._starts)


def _edges(lake: PublishedLake) -> list[HierarchyEdge]:
    if lake.manifest("hierarchy") is None:
        return []
    edges = lake.read("hierarchy", HierarchyEdge._fields)
    return [
        HierarchyEdge(*row) for row in zip(*(edges[name].to_pylist() for name in HierarchyEdge._fields), strict=True)
    ]


def classes_of_labels(lake: PublishedLake, network: PublishedNetwork) -> dict[str, tuple[str, ...]]:
    """Label -> the classes of the network, or of its head, that count as it; none where nobody knows."""
    unmeasured = unmeasured_classes(network, lake.manifest("label_accuracy"))
    if unmeasured is not None:
        return unmeasured
    accuracy = lake.read("label_accuracy", ("label", "classes"))
    listed = zip(accuracy["label"].to_pylist(), accuracy["classes"].to_pylist(), strict=True)
    return {label: tuple(classes or ()) for label, classes in listed if label is not None}
