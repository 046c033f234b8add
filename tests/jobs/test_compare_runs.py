"""Runs compared on planted features: the table says which is best and by how much, and a failed run is a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from planted_features import lake_with, planted
from pyspark.sql import SparkSession

from compare_runs import JOB
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.runtime.job import execute
from imagelake.transforms.training.head_training import train_head

SETTINGS = ["train.l2=[1e-2, 1e-1]", "train.folds=3", 'runs.imbalance=["none", "over", "logit_adjustment"]']


def test_runs_are_compared_and_a_failed_one_is_a_row(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A comparison that dies goes on with what is missing; an error of one run leaves the others their rows."""
    monkeypatch.setattr("imagelake.runtime.resolve.training.require_features", lambda *_: None)
    lake = lake_with(spark, tmp_path / "lake", planted())
    trained: list[str] = []

    def train(data: Any, settings: Any, workshop: Any) -> Any:
        trained.append(settings.imbalance)
        if settings.imbalance == "over":
            raise ImageLakeError("too large") if len(trained) > 2 else KeyboardInterrupt
        return train_head(data, settings, workshop)

    monkeypatch.setattr("compare_runs.train_head", train)
    with pytest.raises(KeyboardInterrupt):
        execute(JOB, lake, load_config([], SETTINGS))
    outcome = execute(JOB, lake, load_config([], SETTINGS))
    assert trained == ["none", "over", "over", "logit_adjustment"]
    assert outcome.work is not None
    assert outcome.work.accounts[1].rejected == {"failed": 1}
    rows = lake.read("run_comparison").toPandas()
    assert sorted(rows["imbalance"]) == ["logit_adjustment", "logit_adjustment", "none", "none", "over"]
    assert list(rows.loc[rows["imbalance"] == "over", "error"]) == ["too large"]
    chosen = rows[rows["chosen"]]
    assert len(chosen) == 2
    assert chosen["best"].sum() == 1
    (other,) = chosen[~chosen["best"].astype(bool)].to_dict("records")
    (best,) = chosen[chosen["best"].astype(bool)].to_dict("records")
    assert other["difference"] == pytest.approx(other["balanced_accuracy"] - best["balanced_accuracy"])
    assert other["difference_low"] <= other["difference"] <= other["difference_high"]
    assert 0 < other["p_value"] <= other["p_corrected"] <= 1
    assert not (tmp_path / "lake" / "_checkpoints" / "compare_runs").exists()
