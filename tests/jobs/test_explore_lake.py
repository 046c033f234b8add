"""The explore job on a whole lake: what was planted is found, and a lake without annotations is no error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from explore_lake import JOB
from imagelake.config import load_config
from imagelake.runtime.job import execute


def test_every_table_is_published_with_what_was_planted(spark: SparkSession, tmp_path: Path) -> None:
    """Two images, one labelled and boxed, one not, and a label of a third: each table says so, and a rerun skips."""
    lake = plant_tables(
        spark,
        tmp_path,
        JOB.reads,
        {
            "images": [
                {"image_id": "i1", "split": "train", "has_bytes": True, "listed": True, "width": 300, "height": 200,
                 "format": "JPEG", "byte_size": 9},
                {"image_id": "i2", "split": "train", "has_bytes": False, "listed": True},
            ],
            "labels": [
                {"image_id": "i1", "label_id": "/m/a", "label": "A", "split": "train", "confidence": 1.0},
                {"image_id": "gone", "label_id": "/m/a", "label": "A", "split": "test", "confidence": 0.5},
            ],
            "boxes": [{"image_id": "i1", "label_id": "/m/a", "split": "train", "is_depiction": 1}],
            "classes": [{"label_id": "/m/a", "label": "A", "boxable": True}],
            "hierarchy": [
                {"label_id": "/m/0", "label": "Entity", "depth": 0},
                {"label_id": "/m/a", "label": "A", "parent_id": "/m/0", "parent": "Entity", "relation": "subcategory",
                 "depth": 1},
            ],
        },
    )  # fmt: skip
    outcome = execute(JOB, lake, load_config())

    def rows(name: str) -> list[tuple[Any, ...]]:
        return sorted(tuple(row) for row in lake.read(name).collect())

    assert rows("label_counts") == [("/m/a", "A", "test", 1, 1, 0, 0), ("/m/a", "A", "train", 1, 1, 1, 1)]
    assert rows("boxes_per_image") == [("train", 0, 1), ("train", 1, 1)]
    assert rows("facets") == [("/m/0", "Entity", None, 0, 0, 1, 1), ("/m/a", "A", "A", 1, 1, 1, 1)]
    assert rows("image_shapes") == [("train", "JPEG", "257-512", 1, 300.0, 200.0, 9)]
    assert rows("images_without_label") == [("i2", "train")]
    assert rows("labels_without_image") == [("gone", "test", 1)]
    assert {row[0]: row[1:6] for row in rows("split_summary")} == {
        "test": (0, 0, 0, 0, None),
        "train": (2, 1, 1, 1, 0.5),
    }
    assert ("images", "width", 2, 1) in rows("null_counts")
    assert outcome.work is not None
    assert outcome.work.notes["images without a label"] == "1"
    assert execute(JOB, lake, load_config()).work is None


@pytest.mark.parametrize("images", [[], [{"image_id": "a.jpg", "split": "all", "has_bytes": True, "listed": True}]])
def test_a_lake_without_annotations_is_explored(
    spark: SparkSession, tmp_path: Path, images: list[dict[str, Any]]
) -> None:
    """A flat folder has images only, or none: every table is published, most of them empty."""
    lake = plant_tables(spark, tmp_path, JOB.reads, {"images": images})
    execute(JOB, lake, load_config())
    counts = {name: lake.read(name).count() for name in JOB.writes}
    assert counts["images_without_label"] == counts["split_summary"] == counts["boxes_per_image"] == len(images)
    assert counts["label_counts"] == counts["facets"] == counts["labels_without_image"] == 0
