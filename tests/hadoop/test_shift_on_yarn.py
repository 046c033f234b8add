"""Sets on HDFS are compared on YARN as they are on one machine."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from hadoop_cluster import Hadoop
from pyspark.sql import SparkSession
from submitted import assert_same, script, table

from imagelake.config import load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from pipeline_steps import job
from project import QUICK_JAVA

QUICK = tuple(
    f"--conf={java}.extraJavaOptions={QUICK_JAVA}" for java in ("spark.driver", "spark.executor", "spark.yarn.am")
)
SETTINGS = ("shift.sample=100", "shift.permutations=20", "shift.clusters=2")
COMPARED = ("shift_classes", "shift_features", "shift_tests")


def images(name: str, seed: int, moved: float) -> pd.DataFrame:
    """Two hundred images of two classes, with features of which one moves."""
    draw = np.random.default_rng(seed)
    labels, features = draw.integers(0, 2, 200), draw.normal(size=(200, 4)).astype(np.float32)
    features[:, 1] += np.float32(moved)
    right = draw.uniform(size=200) < 0.8 - moved / 10
    return pd.DataFrame(
        {
            "image_id": [f"{name}{number:03}" for number in range(200)],
            "label": labels,
            "prediction": np.where(right, labels, 1 - labels),
            "score": np.where(right, 0.9, 0.6),
            "features": list(features),
        }
    )


def test_sets_on_hdfs_are_compared_on_yarn(hadoop: Hadoop, spark: SparkSession, tmp_path: Path) -> None:
    """Every feature, class and test of the whole sets has the numbers of the local run."""
    sets = tmp_path / "sets"
    sets.mkdir()
    for name, seed, moved in (("before", 1, 0.0), ("after", 2, 1.0)):
        images(name, seed, moved).to_parquet(sets / f"{name}.parquet")
    script(hadoop, "upload", str(sets), "/sets")
    settings = [word for setting in SETTINGS for word in ("--set", setting)]
    command = ["--master", "yarn", *QUICK, "measure_shift", "--root", "hdfs:///shifted", *settings]
    script(
        hadoop, "submit", *command, "--before", "hdfs:///sets/before.parquet", "--after", "hdfs:///sets/after.parquet"
    )
    script(hadoop, "download", "/shifted", str(tmp_path / "shifted"))
    named = [f"shift.{side}={json.dumps([f'{sets}/{side}.parquet'])}" for side in ("before", "after")]
    local = tmp_path / "local"
    execute(job("measure_shift"), Lake(spark, str(local)), load_config(settings=[*named, *SETTINGS]))
    for name in COMPARED:
        found, expected = (
            table(folder, name).drop(columns=["before", "after"]) for folder in (tmp_path / "shifted", local)
        )
        assert_same(found, expected)
    assert table(tmp_path / "shifted", "shift_features").query("feature == 1")["effect"].abs().max() > 0.8
