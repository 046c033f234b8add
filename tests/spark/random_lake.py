"""Seeded lakes with everything that is wrong with real ones: nulls, skew, strangers, duplicates, and no rows at all."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

from explore_rows import table
from pyspark.sql import DataFrame, SparkSession

SPLITS = ("train", "validation", "test")
CONFIDENCES = (0.0, 0.5, 0.99, 0.9900000001, 1.0, None)
LAKES = ((1, 40, 300), (2, 40, 0), (3, 0, 300), (4, 1, 1))  # seed, images, rows of labels and of boxes


@dataclass(frozen=True)
class RandomLake:
    """The same rows as dictionaries, for brute force, and as frames."""

    images: list[dict[str, Any]]
    labels: list[dict[str, Any]]
    boxes: list[dict[str, Any]]

    @classmethod
    def draw(cls, seed: int, images: int, rows: int) -> RandomLake:
        """A few images bear most of the rows, and a tenth of the image ids of labels and boxes is in no list."""
        draw = random.Random(seed)
        listed = [
            {
                "image_id": f"i{n}",
                "split": draw.choice(SPLITS),
                "has_bytes": draw.random() < 0.8,
                "listed": draw.random() < 0.9,
            }
            for n in range(images)
        ]
        labels = [cls._annotation(draw) | {"confidence": draw.choice(CONFIDENCES)} for _ in range(rows)]
        boxes = [cls._annotation(draw) | {"is_depiction": draw.choice([1, 0, -1, None])} for _ in range(rows)]
        return cls(listed, labels, boxes)

    @staticmethod
    def confident(row: dict[str, Any], threshold: float) -> bool:
        """Whether a label row is above the threshold."""
        return row["confidence"] is not None and row["confidence"] > threshold

    @staticmethod
    def _annotation(draw: random.Random) -> dict[str, Any]:
        label = draw.choice("abcdef")
        return {
            "image_id": f"i{int(44 * draw.random() ** 3)}",
            "label_id": f"/m/{label}",
            "label": label,
            "split": draw.choice(SPLITS),
        }

    def frame(self, spark: SparkSession, name: str) -> DataFrame:
        """One of its tables."""
        return table(spark, name, *getattr(self, name))
