"""Which images have which clean labels, or narrower ones, and what the model's classes mean."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc  # type: ignore[import-untyped]

from imagelake.taxonomy.hierarchy import Hierarchy

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa
    from numpy.typing import NDArray

    from imagelake.lake.published import PublishedLake


class Labelling:
    """Images by label and labels by image. Labels are told apart by label_id and named by display name.

    Letters: P pairs of image and label.
    """

    def __init__(
        self, lake: PublishedLake, rows_of: Callable[[pa.ChunkedArray], NDArray[np.int64]], images: int
    ) -> None:
        """Read the clean labels.

        Args:
            lake: the published tables.
            rows_of: image_ids to rows of the catalogue, -1 for one that it does not have.
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
        known = rows >= 0
        self._by_label = _Groups(codes[known], rows[known], len(self._ids))
        self._by_image = _Groups(rows[known], codes[known], images)
        self._images = images
        self._hierarchy, self._ids_of_name = _hierarchy(lake, self._ids, self._names)

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

    def with_descendants(self, label: str) -> frozenset[str]:
        """The label_ids of a label and of all its descendants."""
        own = self._ids_of_name.get(label, frozenset())
        if self._hierarchy is None:
            return own
        below = (self._hierarchy.descendants(node) for node in own if node in self._hierarchy)
        return own.union(*below)

    def is_known(self, label: str) -> bool:
        """Whether an image, or the hierarchy, has such a label."""
        return label in self._ids_of_name

    def with_label(self, label: str, narrower: bool = True) -> NDArray[np.bool_]:
        """Which images have a label or, unless excluded, a narrower one: bool [N]."""
        found = np.zeros(self._images, np.bool_)
        for label_id in self.with_descendants(label) if narrower else self._ids_of_name.get(label, ()):
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


def _hierarchy(
    lake: PublishedLake, ids: list[str], names: list[str]
) -> tuple[Hierarchy | None, dict[str, frozenset[str]]]:
    """The hierarchy of label_ids, and the label_ids that bear each name."""
    bearers: dict[str, set[str]] = defaultdict(set)
    for label_id, name in zip(ids, names, strict=True):
        bearers[name].add(label_id)
    hierarchy = None
    if lake.manifest("hierarchy") is not None:
        edges = lake.read("hierarchy", ("label_id", "label", "parent_id", "relation"))
        columns = (edges[name].to_pylist() for name in ("label_id", "parent_id", "relation"))
        hierarchy = Hierarchy.from_table(zip(*columns, strict=True))
        for label_id, name in zip(edges["label_id"].to_pylist(), edges["label"].to_pylist(), strict=True):
            bearers[name or label_id].add(label_id)
    return hierarchy, {name: frozenset(found) for name, found in bearers.items()}


def meanings(lake: PublishedLake) -> dict[str, str]:
    """Class of the model -> the narrowest label of the lake that it means: the one that fewest classes mean."""
    if lake.manifest("label_accuracy") is None:
        return {}
    accuracy = lake.read("label_accuracy", ("label", "classes"))
    widths = pc.fill_null(pc.list_value_length(accuracy["classes"]), 0).to_pylist()
    listed = zip(widths, accuracy["label"].to_pylist(), accuracy["classes"].to_pylist(), strict=True)
    widest_first = sorted(listed, key=lambda row: (row[0], row[1] or ""), reverse=True)
    return {name: label for _, label, classes in widest_first for name in classes or () if label is not None}
