"""Runs of training in a store of MLflow: each row of the tables is a run there, with its curve; nothing fails of it."""

from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from planted_features import lake_with, planted
from pyspark.sql import SparkSession

import compare_runs
import train_classifier
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime import tracking
from imagelake.runtime.job import execute
from imagelake.runtime.tracking import TrackedRun, log_runs, require_client
from project import PROJECT

SETTINGS = ["train.folds=3", "train.l2=[1e-2, 1e-1]", "train.epochs=2", "train.hidden=[8]", "train.patience=0"]


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A planted lake, whose predictions come from no network."""
    return lake_with(spark, tmp_path_factory.mktemp("tracked") / "lake", planted())


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A local store without runs."""
    monkeypatch.setattr("imagelake.runtime.resolve.training.require_features", lambda *_: None)
    return f"sqlite:///{tmp_path}/mlflow.db"


def logged(store: str) -> dict[str, Run]:
    """The runs of the store by their names."""
    client = MlflowClient(tracking_uri=store)
    experiment = client.get_experiment_by_name("animals")
    assert experiment is not None
    return {str(run.info.run_name): run for run in client.search_runs([experiment.experiment_id])}


def curve(store: str, run: Run, name: str) -> list[float]:
    history = MlflowClient(tracking_uri=store).get_metric_history(run.info.run_id, name)
    return [one.value for one in sorted(history, key=lambda one: one.step)]


def test_each_row_of_a_classifiers_runs_is_logged(lake: Lake, store: str) -> None:
    """With its settings, measures and curves as the tables have them, and where these are."""
    settings = [*SETTINGS, f"mlflow.store={store}", "mlflow.experiment=animals"]
    outcome = execute(train_classifier.JOB, lake, load_config(settings=settings))
    assert outcome.work is not None
    assert outcome.work.notes["logged in MLflow"] == "2 of 2 runs"
    rows = {row["run"]: row for row in lake.read("training_runs").collect()}
    losses = lake.read("training_curves").orderBy("iteration").collect()
    runs = logged(store)
    assert set(runs) == set(rows)
    for name, run in runs.items():
        assert run.info.status == "FINISHED"
        assert run.data.tags["imagelake.run_id"] == outcome.work.run_id
        assert (run.data.params["train.folds"], run.data.params["model"]) == ("3", "linear")
        assert float(run.data.params["l2"]) == rows[name]["l2"]
        for measure in ("loss", "accuracy", "balanced_accuracy_low"):
            assert run.data.metrics[measure] == pytest.approx(rows[name][measure])
        for fold in range(3):
            expected = [row["loss"] for row in losses if (row["run"], row["fold"]) == (name, fold)]
            assert curve(store, run, f"training_loss/without_fold_{fold}") == pytest.approx(expected)
        assert ("accuracy/cross_validation" in run.data.metrics) == rows[name]["chosen"]


def test_each_compared_run_is_logged_and_a_failed_one_as_such(lake: Lake, store: str) -> None:
    """Heads with each penalty, networks with each learning rate; a loss that is no number has its error."""
    grid = ['runs.models=["linear", "hidden"]', 'runs.imbalance=["none"]', "runs.learning_rate=[1e-2, 1e38]"]
    settings = [*SETTINGS, *grid, f"mlflow.store={store}", "mlflow.experiment=animals"]
    execute(compare_runs.JOB, lake, load_config(settings=settings))
    rows = {row["run"]: row for row in lake.read("run_comparison").collect()}
    runs = logged(store)
    assert len(runs) == 4
    assert set(runs) == set(rows)
    assert {name for name, run in runs.items() if run.info.status == "FAILED"} == {
        name for name, row in rows.items() if row["error"]
    }
    failed = runs["hidden, none, learning_rate=1e+38"]
    assert "lower train.learning_rate" in failed.data.tags["error"]
    network = runs["hidden, none, learning_rate=0.01"]
    assert network.data.params["learning_rate"] == "0.01"
    assert network.data.metrics["accuracy"] == pytest.approx(rows["hidden, none, learning_rate=0.01"]["accuracy"])
    assert len(curve(store, network, "training_loss/without_fold_2")) == 2
    assert len(curve(store, runs["linear, none, l2=0.1"], "training_loss/without_fold_0")) > 2


def test_long_curves_and_odd_numbers_are_logged(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """In as many requests as they take; what is no number or not known is left out."""
    monkeypatch.setattr(tracking, "METRICS_AT_ONCE", 7)
    section = load_config(settings=[f"mlflow.store={store}", "mlflow.experiment=animals"]).mlflow
    losses = [1 / (n + 1) for n in range(20)]
    run = TrackedRun("a", {"l2": 0.1, "rate": None}, {"loss": math.nan, "seconds": 3.0, "none": None}, {"c": losses})
    assert log_runs(section, [run], {}) == 1
    found = logged(store)["a"]
    assert (found.data.params, set(found.data.metrics)) == ({"l2": "0.1"}, {"seconds", "c"})
    assert curve(store, found, "c") == pytest.approx(losses)


def test_a_store_that_cannot_be_reached_fails_no_job(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One line says how many runs it has."""
    (tmp_path / "file").touch()
    section = load_config(settings=[f"mlflow.store=sqlite:///{tmp_path}/file/mlflow.db"]).mlflow
    assert log_runs(section, [TrackedRun("a", {}, {})], {}) == 0
    assert "0 runs are logged in sqlite:///" in capsys.readouterr().err
    assert log_runs(load_config().mlflow, [TrackedRun("a", {}, {})], {}) == 0


def test_without_the_client_a_store_is_an_error_before_spark_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    """It says what to install; without a store nothing is needed."""
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ImageLakeError, match=r"pip install 'imagelake\[mlflow\]'"):
        require_client(load_config(settings=["mlflow.store=http://mlflow:5000"]).mlflow)
    require_client(load_config().mlflow)
    script = (
        "import importlib.util, sys; importlib.util.find_spec = lambda *_: None; import train_classifier as job; "
        "sys.exit(job.main(job.JOB, ['--set', 'mlflow.store=http://mlflow:5000']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=PROJECT / "jobs", capture_output=True, text=True, check=False
    )
    assert (done.returncode, "pip install 'imagelake[mlflow]'" in done.stderr) == (2, True)
