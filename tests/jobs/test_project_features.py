"""The map of a lake: every image with features once, near those that have like ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from finished_lake import FinishedLake
from imagelake.config import load_config
from imagelake.runtime.job import execute
from project_features import JOB


def test_every_image_with_features_is_on_the_map(sample: FinishedLake) -> None:
    """Neighbours by features are neighbours on the map; what cannot be decoded is not on it, with its reason."""
    predictions = sample.frame("predictions", ["image_id", "features", "error"])
    seen = predictions[predictions["error"].isna()].set_index("image_id").sort_index()
    found = sample.frame("image_map").set_index("image_id").sort_index()
    assert list(found.index) == list(seen.index)
    features = np.stack(seen["features"].to_list())
    points = found[["x", "y"]].to_numpy()
    assert np.isfinite(points).all()
    # Of three neighbours on the map one at least is among the ten by features; by chance it would be one in eight.
    near = neighbours(points)[:, :3]
    wanted = neighbours(features)[:, :10]
    assert np.mean([bool(set(one) & set(other)) for one, other in zip(near, wanted, strict=True)]) > 0.7
    work = sample.outcomes["project_features"].work
    assert work is not None
    (account,) = work.accounts
    assert account.rejected == {"undecodable": int(predictions["error"].notna().sum())}


def neighbours(rows: npt.NDArray[np.floating]) -> npt.NDArray[np.int64]:
    """All others by distance, the nearest first: [N, N - 1]."""
    distances = np.linalg.norm(rows[:, np.newaxis].astype(float) - rows, axis=2)
    np.fill_diagonal(distances, np.inf)
    return np.argsort(distances, axis=1)[:, :-1]


@pytest.mark.parametrize("images", [0, 1, 3])
def test_a_lake_of_few_images_has_a_map(spark: SparkSession, tmp_path: Path, images: int) -> None:
    """No image, one, or fewer than features: a table of as many points, also where the sample is smaller."""
    rows = [{"image_id": f"i{n}", "features": [float(n == place) for place in range(4)]} for n in range(images)]
    lake = plant_tables(spark, tmp_path, JOB.reads, {"predictions": rows})
    execute(JOB, lake, load_config(settings=["map.landmarks=1"]))
    assert lake.read("image_map").count() == images


def test_images_stay_where_they_are_as_the_lake_grows(spark: SparkSession, tmp_path: Path) -> None:
    """One image more of twenty finds its point, and moves no other; another network lays out a new map."""
    random = np.random.default_rng(4)
    rows = [{"image_id": f"i{n}", "features": random.normal(size=8).tolist(), "sha256": f"{n}"} for n in range(21)]
    maps = []
    for few, recipe in ((rows[:20], "one"), (rows, "one"), (rows, "another")):
        lake = plant_tables(spark, tmp_path, JOB.reads, {"predictions": few}, recipe)
        execute(JOB, lake, load_config())
        maps.append(lake.read("image_map").toPandas().set_index("image_id").sort_index())
    assert maps[1].drop("i20").equals(maps[0])
    assert not maps[2].drop("i20").equals(maps[0])
