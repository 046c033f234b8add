"""The rank job on a whole lake: what is left out has its reason, what is ranked stands there once a label."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from planted_tables import Rows, plant_tables
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.runtime.job import execute
from rank_images import JOB


def image(image_id: str, width: int | None, height: int | None, **cells: Any) -> dict[str, Any]:
    """An image of the lake with bytes."""
    return {"image_id": image_id, "width": width, "height": height, "has_bytes": True, "byte_size": 1000, **cells}


PLANTED: Rows = {
    "images": [
        image("small", 224, 224),
        image("large", 1024, 768),
        image("twin", 768, 1024),
        image("torn", None, None, error="truncated"),
        image("listed", None, None, has_bytes=False),
        image("cut", 300, 200),
    ],
    "predictions": [
        {"image_id": "small", "entropy": 7.0, "gradient": 9.0},
        {"image_id": "large", "entropy": 6.0, "gradient": 8.0},
        {"image_id": "cut", "error": "truncated"},
    ],
    "labels_clean": [
        {"image_id": image_id, "label_id": f"/m/{label}", "label": label}
        for image_id, label in (("small", "Lion"), ("large", "Lion"), ("large", "Owl"), ("torn", "Lion"))
    ],
}


def test_ranks_are_published(spark: SparkSession, tmp_path: Path) -> None:
    """Equal PPI goes by image_id, each label has its own first, and the account names what was left out."""
    lake = plant_tables(spark, tmp_path, JOB.reads, PLANTED)
    outcome = execute(JOB, lake, load_config([], ["rank.select_ranks=[1, 1]"]))
    ranks = lake.read("image_rank").select("image_id", "label", "rank", "rank_in_label", "selected").collect()
    assert sorted(map(tuple, ranks), key=repr) == [
        ("large", "Lion", 1, 1, True),
        ("large", "Owl", 1, 1, True),
        ("small", "Lion", 3, 2, False),
        ("twin", None, 2, 1, True),
    ]
    quality = {row["image_id"]: row["quality"] for row in lake.read("image_quality").collect()}
    assert quality == {"small": (1 / 6 + 3 / 4 + 3 / 4) / 3, "large": (4 / 6 + 1 / 4 + 1 / 4) / 3, "twin": None}
    assert outcome.work is not None
    (account,) = outcome.work.accounts
    assert (account.rows_in, account.kept, account.rejected) == (6, 3, {"no_bytes": 1, "truncated": 2})
    assert outcome.work.notes["top images"] == "large (35.78), twin (35.78), small (17.8)"
    assert outcome.work.notes["selected"] == "2 images"
    assert execute(JOB, lake, load_config([], ["rank.select_ranks=[1, 1]"])).work is None


def test_another_order_ranks_again(spark: SparkSession, tmp_path: Path) -> None:
    """Nearest to the network's input puts the small image first."""
    lake = plant_tables(spark, tmp_path, JOB.reads, PLANTED)
    execute(JOB, lake, load_config())
    outcome = execute(JOB, lake, load_config([], ["rank.order=nearest", "rank.target=17.8"]))
    assert outcome.work is not None
    assert outcome.work.notes["top images"].startswith("small (17.8)")


def test_an_empty_lake_is_ranked(spark: SparkSession, tmp_path: Path) -> None:
    """No images, no ranks, no error."""
    outcome = execute(JOB, plant_tables(spark, tmp_path, JOB.reads, {}), load_config())
    assert outcome.work is not None
    assert outcome.work.rows == {"image_quality": 0, "image_rank": 0}
    assert outcome.work.notes["top images"] == "none"
