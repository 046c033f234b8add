"""Moments of all features and a sample of the images, in one pass over a set, from parts that merge.

Letters: N images, D features.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.compute as pc  # type: ignore[import-untyped]
from pyspark.sql import functions as F
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.measures.shift.moments import Moments
from imagelake.transforms.rows.features import gathered, is_sampled
from imagelake.transforms.shift.sets import BROADCAST_ROWS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from imagelake.transforms.shift.sets import ShiftSet

ROWS_AT_ONCE = 1024
TASKS = 512  # at most: each sends the driver 24 bytes a feature and outcome
RIGHT, WRONG, UNKNOWN = "right", "wrong", "unknown"
NO_FEATURES, OTHER_WIDTH, NOT_FINITE = "no_features", "other_width", "not_finite"
PARTIALS = pa.schema(
    {
        "name": pa.string(),  # an outcome with its moments, a reason with its count, or the outcome of sampled images
        "rows": pa.int64(),
        "moments": pa.binary(),
        "sampled_ids": pa.list_(pa.string()),
        "sampled": pa.binary(),
    }
)


@dataclass(frozen=True)
class Sample:
    """Images drawn by the hash of their names, so that they are the same however the set is stored.

    Attributes:
        image_ids: N names, in the order of their hashes.
        features: float32 [N, D].
        right: float64 [N], 1 where the model is right, 0 where it is wrong, NaN where there is no label.
    """

    image_ids: NDArray[np.str_]
    features: NDArray[np.float32]
    right: NDArray[np.float64]

    def first(self, rows: int) -> Sample:
        """The first images."""
        return Sample(self.image_ids[:rows], self.features[:rows], self.right[:rows])


@dataclass(frozen=True)
class FeatureSums:
    """What one pass over the features of a set gives.

    Attributes:
        width: D.
        groups: moments of the images that the model is right about, wrong about, or whose label is unknown; only groups
            that have images.
        sample: about as many images as wanted.
        rejected: why images do not count -> how many.
    """

    width: int
    groups: dict[str, Moments]
    sample: Sample
    rejected: dict[str, int]

    @property
    def whole(self) -> Moments:
        """The moments of all images, at least one."""
        whole: Moments | None = None
        for name in sorted(self.groups):
            whole = self.groups[name] if whole is None else whole.merged_with(self.groups[name])
        assert whole is not None
        return whole


def sum_features(images: ShiftSet, model: str | None, wanted: int) -> FeatureSums | None:
    """One pass over a set's features; None where no image has any.

    Args:
        images: a set with features.
        model: whose outcomes divide the moments; None for no outcomes.
        wanted: images of the sample, about.
    """
    assert images.features is not None
    rows = images.features
    first = rows.where("size(features) > 0").select(F.size("features").alias("width")).first()
    if first is None:
        return None
    count = rows.count()
    right = images.right(model) if model is not None and "right" not in rows.columns else None
    if "right" in rows.columns:
        judged = rows
    elif right is None:
        judged = rows.withColumn("right", F.lit(None).cast("boolean"))
    else:
        judged = rows.join(F.broadcast(right) if count <= BROADCAST_ROWS else right, "image_id", how="left")
    few = judged.select(
        "image_id", is_sampled(min(1.0, wanted / count)).alias("sampled"), "right", "features"
    ).coalesce(TASKS)
    parts = few.mapInArrow(partial(_partials, width=first["width"]), from_arrow_schema(PARTIALS)).toArrow()
    return merged_sums(parts.to_pylist(), first["width"])


def _partials(batches: Iterable[pa.RecordBatch], width: int) -> Iterator[pa.RecordBatch]:
    """The partial sums of a task's images."""
    sums = PartialSums(width)
    for batch in gathered(batches, ROWS_AT_ONCE):
        sums.add(batch)
    yield pa.RecordBatch.from_pylist(sums.rows(), schema=PARTIALS)


class PartialSums:
    """Sums of the images that were added so far."""

    def __init__(self, width: int) -> None:
        self._width = width
        self._moments: dict[str, Moments] = {}
        self._rejected: Counter[str] = Counter()
        self._sampled: dict[str, list[tuple[list[str], NDArray[np.float32]]]] = {}

    def add(self, batch: pa.RecordBatch) -> None:
        """Add images.

        Args:
            batch: image_id, sampled, right and features.
        """
        batch, features = self._usable(batch)
        right, sampled = batch["right"], np.asarray(batch["sampled"])
        outcomes = np.asarray(pc.fill_null(pc.if_else(right, 0, 1), 2))
        for number, name in enumerate((RIGHT, WRONG, UNKNOWN)):
            mine = outcomes == number
            if not mine.any():
                continue
            part = Moments.of(features if mine.all() else features[mine])
            self._moments[name] = self._moments[name].merged_with(part) if name in self._moments else part
            chosen = np.flatnonzero(mine & sampled)
            if len(chosen):
                kept = features[chosen].astype(np.float32)
                self._sampled.setdefault(name, []).append((batch["image_id"].take(chosen).to_pylist(), kept))

    def _usable(self, batch: pa.RecordBatch) -> tuple[pa.RecordBatch, NDArray[np.floating]]:
        """The images with finite features of the width, and these [N, D]; the others are counted."""
        lengths = np.asarray(pc.fill_null(pc.list_value_length(batch["features"]), 0))
        if np.any(lengths != self._width):
            self._rejected[NO_FEATURES] += int(np.count_nonzero(lengths == 0))
            self._rejected[OTHER_WIDTH] += int(np.count_nonzero((lengths != self._width) & (lengths != 0)))
            batch = batch.filter(pa.array(lengths == self._width))
        features = batch["features"].flatten().to_numpy(zero_copy_only=False).reshape(-1, self._width)
        # The sum of a row is not finite where one of its numbers is not, and is ten times as fast as looking at each.
        with np.errstate(over="ignore", invalid="ignore"):
            suspect = ~np.isfinite(features @ np.ones(self._width, features.dtype))
        if suspect.any():
            finite = np.all(np.isfinite(features), axis=1)
            self._rejected[NOT_FINITE] += int(np.count_nonzero(~finite))
            batch, features = batch.filter(pa.array(finite)), features[finite]
        return batch, features

    def rows(self) -> list[dict[str, object]]:
        """The sums as rows of PARTIALS."""
        nothing = {"moments": None, "sampled_ids": None, "sampled": None}
        rows: list[dict[str, object]] = [
            {
                **nothing,
                "name": name,
                "rows": one.n,
                "moments": np.stack([one.shift, one.offset, one.squares]).tobytes(),
            }
            for name, one in self._moments.items()
        ]
        rows += [{**nothing, "name": name, "rows": count} for name, count in self._rejected.items() if count]
        for name, parts in self._sampled.items():
            names = [image_id for ids, _ in parts for image_id in ids]
            sampled = np.concatenate([features for _, features in parts]).tobytes()
            rows.append({**nothing, "name": name, "rows": 0, "sampled_ids": names, "sampled": sampled})
        return rows


def merged_sums(rows: list[dict[str, object]], width: int) -> FeatureSums | None:
    """The sums of all tasks; None where no image counts."""
    groups: dict[str, Moments] = {}
    rejected: Counter[str] = Counter()
    ids: list[str] = []
    features: list[NDArray[np.float32]] = []
    right: list[float] = []
    for row in rows:
        name, count = str(row["name"]), row["rows"]
        assert isinstance(count, int)
        if isinstance(moments := row["moments"], bytes):
            part = Moments(count, *np.frombuffer(moments).reshape(3, width))
            groups[name] = groups[name].merged_with(part) if name in groups else part
        elif isinstance(sampled := row["sampled"], bytes):
            names = row["sampled_ids"]
            assert isinstance(names, list)
            ids += names
            features.append(np.frombuffer(sampled, np.float32).reshape(-1, width))
            right += [{RIGHT: 1.0, WRONG: 0.0, UNKNOWN: np.nan}[name]] * len(names)
        else:
            rejected[name] += count
    if not groups:
        return None
    values = np.concatenate(features) if features else np.empty((0, width), np.float32)
    order = np.argsort(np.array(ids, np.str_)) if ids else np.empty(0, np.int64)
    # In the order of names a part of the sample would be of the first folders alone.
    order = order[np.random.default_rng(0).permutation(len(order))]
    sample = Sample(np.array(ids, np.str_)[order], values[order], np.array(right)[order])
    return FeatureSums(width, groups, sample, dict(rejected))
