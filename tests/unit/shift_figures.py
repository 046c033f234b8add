"""Figures of planted sets as the passes over them give them, without Spark."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa  # type: ignore[import-untyped]
from numpy.typing import NDArray

from imagelake.config import ShiftSection, load_config
from imagelake.measures.shift.confidence import ScoreCounts
from imagelake.transforms.shift.feature_sums import FeatureSums, PartialSums, merged_sums
from imagelake.transforms.shift.figures import Outcomes, SetFigures

LACKS = {"outcomes": "it has no predictions", "features": "it has no features", "properties": "it has no properties"}


def rules_of(*settings: str) -> ShiftSection:
    """The section [shift] with some settings changed."""
    return load_config([], [f"shift.{setting}" for setting in settings]).shift


def outcomes_of(classes: Mapping[str, Mapping[str, tuple[int, int]]], scores: Mapping[str, ScoreCounts]) -> Outcomes:
    """Outcomes from model -> class -> (images, right)."""
    rows = [
        {"model": model, "label": label, "images": images, "right": right}
        for model, counts in classes.items()
        for label, (images, right) in counts.items()
    ]
    table = pd.DataFrame(rows)
    return Outcomes(table.groupby("model")[["images", "right"]].sum(), table, scores)


def batch_of(features: Sequence[Any], right: Sequence[bool | None], sampled: bool = True) -> pa.RecordBatch:
    """A batch of images as the pass over features is given it."""
    columns = {
        "image_id": pa.array([f"image{number:05}" for number in range(len(features))]),
        "sampled": pa.array([sampled] * len(features)),
        "right": pa.array(right, pa.bool_()),
        "features": pa.array(list(features), pa.list_(pa.float32())),
    }
    return pa.RecordBatch.from_pydict(columns)


def sums_of(features: NDArray[np.floating], right: Sequence[bool | None]) -> FeatureSums:
    """The sums of one task."""
    sums = PartialSums(features.shape[1])
    sums.add(batch_of(list(features.astype(np.float32)), right))
    made = merged_sums(sums.rows(), features.shape[1])
    assert made is not None
    return made


def figures_of(name: str, **parts: Any) -> SetFigures:
    """A set that lacks what is not given."""
    lacks = {lacking: reason.replace("it", name) for lacking, reason in LACKS.items() if lacking not in parts}
    return SetFigures(
        name, parts.get("outcomes"), parts.get("features"), parts.get("votes"), lacks | parts.get("lacks", {})
    )
