"""Networks trained as tasks: on planted features and on the drawn sample; failed, killed and published ones."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted_features import CLASSES, features, lake_with, planted
from pyspark.sql import SparkSession

import compare_runs
import train_classifier
from finished_lake import FinishedLake
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from imagelake.runtime.resolve.heads import published_head
from imagelake.serving.terminal import main
from imagelake.transforms.training import network_runs
from imagelake.transforms.training.network_task import run_as_task
from imagelake.vision.head import HEADS
from imagelake.vision.preprocess import InputSettings, normalise, prepare
from imagelake.vision.tensorflow_import import import_tensorflow
from imagelake.vision.trained_network import FeatureNetwork, PackedNetwork, read_classifier
from pipeline_steps import job, run_steps

SHORT = ["train.folds=3", "train.epochs=3", "train.hidden=[8]", "train.l2=[1e-2, 1e-1]", "train.learning_rate=1e-2"]


@pytest.fixture
def lake(spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Lake:
    """A planted lake, whose predictions come from no network."""
    monkeypatch.setattr("imagelake.runtime.resolve.training.require_features", lambda *_: None)
    return lake_with(spark, tmp_path / "lake", planted())


def classifier(lake: Lake, name: str) -> Any:
    folder = Path(lake.root.removeprefix("file://")) / HEADS
    return read_classifier(name, [file.name for file in folder.iterdir()], lambda part: (folder / part).read_bytes())


def test_a_network_on_features_is_published_where_heads_are(lake: Lake) -> None:
    """Out-of-fold scores are measured, the network of all images scores the others; a head of its name gives way."""
    execute(train_classifier.JOB, lake, load_config(settings=SHORT))
    config = load_config(settings=[*SHORT, "train.model=hidden", "train.patience=0"])
    outcome = execute(train_classifier.JOB, lake, config)
    assert outcome.work is not None
    assert "hidden" in outcome.work.notes["head"]
    packed = classifier(lake, "head")
    assert isinstance(packed, PackedNetwork)
    folder = Path(lake.root.removeprefix("file://"))
    files = {file.name for file in (folder / HEADS).iterdir() if not file.name.startswith(("_", "."))}
    assert files == {"head.json", "head.keras", "head.tflite"}
    card = json.loads((folder / HEADS / "head.json").read_text())
    assert (card["model"], card["input"], card["images"]) == ("hidden", "features", [34, 32, 33])
    assert card["settings"]["epochs"] == 3
    rows = lake.read("training_predictions").toPandas().set_index("image_id").sort_index()
    assert len(rows) == 119
    assert (rows["evaluated_on"] == "test").sum() == 20
    (run,) = lake.read("training_runs").collect()
    crossed = rows[rows["evaluated_on"] == "cross_validation"]
    assert run["accuracy"] == pytest.approx((crossed["label"] == crossed["predicted"]).mean())
    assert run["loss"] == pytest.approx(-np.log(crossed["label_score"]).mean())
    assert (run["l2"], run["learning_rate"], run["iterations"], run["converged"]) == (None, 0.01, 3, False)
    curves = lake.read("training_curves").toPandas()
    assert curves.groupby("fold").size().to_dict() == {-1: 3, 0: 3, 1: 3, 2: 3}
    values, _ = features()
    found = FeatureNetwork(packed).scores(values[100:])
    for score, name in zip(found, range(100, 120), strict=True):
        assert rows.loc[f"i{name}", "predicted"] == CLASSES[score.argmax()]
        assert rows.loc[f"i{name}", "score"] == pytest.approx(score.max(), abs=1e-5)
    with pytest.raises(ImageLakeError, match="head is a network, of which no folds are kept"):
        published_head("head", lake.folder(HEADS), lake.storage)
    assert not (folder / "_checkpoints" / "head_network").exists()


def test_a_failed_run_is_a_row_and_a_killed_comparison_goes_on(lake: Lake, monkeypatch: pytest.MonkeyPatch) -> None:
    """A loss that is no number, a worker that is killed: the others finish; what was finished is not trained again."""
    settings = [
        *SHORT,
        'runs.models=["linear", "hidden"]',
        "runs.learning_rate=[1e-2, 1e38]",
        'runs.imbalance=["none", "over"]',
    ]
    make, lock, made = network_runs.OutcomeStore.make, threading.Lock(), []

    def dying(packed: Any, task: Any, start: Any) -> Any:
        def die(batches: Any) -> Any:
            import os
            import signal

            os.kill(os.getpid(), signal.SIGKILL)
            yield from batches

        doomed = task.settings.imbalance == "over" and task.settings.learning_rate == 1e38
        return packed.mapInArrow(die, packed.schema) if doomed else run_as_task(packed, task, start)

    monkeypatch.setattr(network_runs, "run_as_task", dying)

    def counted(store: Any, fold: Any) -> Any:
        with lock:
            made.append((fold.run, fold.task.held_out))
            if len(made) == 4:
                raise KeyboardInterrupt
        return make(store, fold)

    monkeypatch.setattr(network_runs.OutcomeStore, "make", counted)
    with pytest.raises(KeyboardInterrupt):
        execute(compare_runs.JOB, lake, load_config(settings=settings))
    finished = set(made[:3])
    made.extend([("", 0)] * 4)  # nothing is killed any more
    before = len(made)
    outcome = execute(compare_runs.JOB, lake, load_config(settings=settings))
    assert outcome.work is not None
    assert len(made) - before <= 12 - 2
    assert len(finished & set(made[before:])) <= 1
    assert outcome.work.accounts[1].rejected == {"failed": 2}
    table = lake.read("run_comparison").toPandas().set_index("run")
    assert set(table.index) == {
        *(f"linear, {way}, l2={l2}" for way in ("none", "over") for l2 in ("0.01", "0.1")),
        *(f"hidden, {way}, learning_rate={rate}" for way in ("none", "over") for rate in ("0.01", "1e+38")),
    }
    failed = table[table["error"].notna()]
    assert set(failed["learning_rate"]) == {1e38}
    errors = failed["error"].to_dict()
    assert "lower train.learning_rate" in errors["hidden, none, learning_rate=1e+38"]
    assert "memory ran out" in errors["hidden, over, learning_rate=1e+38"]
    network = table.loc["hidden, none, learning_rate=0.01"].to_dict()
    assert network["images"] == 99
    assert network["chosen"]
    assert table["best"].sum() == 1
    assert table.loc[table["chosen"].astype(bool) & ~table["best"].astype(bool), "p_corrected"].notna().all()
    assert not (Path(lake.root.removeprefix("file://")) / "_checkpoints" / "compare_runs").exists()


def test_a_network_on_pixels_predicts(sample: FinishedLake, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The lake's own MobileNet, tuned: its labels are predicted as Keras predicts them, of photos from outside too."""
    lake = sample.copied(tmp_path / "lake").lake
    common = [f"lake.root={lake.root}", "train.folds=0", "train.name=tuned", "train.epochs=2", "train.min_images=8"]
    settings = [*common, "train.model=mobilenet_v1", "train.side=64", "train.unfrozen_blocks=1", "train.augment=true"]
    run_steps(("train_classifier",), lake, load_config(settings=settings))
    before = lake.read("predictions").toPandas().set_index("image_id")
    used = load_config(settings=[*settings, "model.head=tuned"])
    run_steps(("predict_images", "measure_accuracy"), lake, used)
    after = lake.read("predictions").toPandas().set_index("image_id")
    assert set(after["error"].dropna()) == set(before["error"].dropna())
    fine = after[after["error"].isna()]
    np.testing.assert_array_equal(fine["features"].iloc[0], before.loc[fine.index[0], "features"])
    classes = classifier(lake, "tuned").card.classes
    assert {name for names in fine["top_names"] for name in names} <= set(classes)
    keras = import_tensorflow().keras
    network = keras.models.load_model(Path(lake.root.removeprefix("file://")) / HEADS / "tuned.keras")
    stored = lake.read("image_bytes")
    contents = stored.where(stored["image_id"].isin(*fine.index[:3])).collect()
    for row in contents:
        pixels = prepare(bytes(row["content"]), InputSettings(64, "crop"))
        scores = network(normalise(pixels[None]))["scores"].numpy()[0]
        order = np.argsort(-scores)[:5]
        assert list(fine.loc[row["image_id"], "top_names"]) == [classes[n] for n in order]
        np.testing.assert_allclose(fine.loc[row["image_id"], "top_scores"], scores[order], atol=1e-4)
    photo, folder = tmp_path / "photo.jpg", lake.root.removeprefix("file://")
    photo.write_bytes(bytes(contents[0]["content"]))
    capsys.readouterr()
    assert main([str(photo), "--mode=label", "--json", "--root", folder, "--cache", str(tmp_path / "cache")]) == 0
    found = json.loads(capsys.readouterr().out)
    stored = fine.loc[contents[0]["image_id"]]
    assert [one["name"] for one in found["classes"]] == list(stored["top_names"])
    np.testing.assert_allclose([one["score"] for one in found["classes"]], stored["top_scores"], atol=1e-4)
    assert found["label"] in classes
    assert all(found["label"] in result["image"]["labels"] for result in found["results"])
    assert lake.read("label_accuracy").where("covered").count() >= len(classes)
    with pytest.raises(ImageLakeError, match=r"images framed by crop, where model\.framing = 'squeeze'"):
        execute(
            job("predict_images"), lake, load_config(settings=[*settings, "model.head=tuned", "model.framing=squeeze"])
        )
    other = load_config(settings=[*common, "train.model=mobilenet_v2"])
    with pytest.raises(
        ImageLakeError, match="mobilenet_v2 starts from the lake's own weights, which are of mobilenet_v1"
    ):
        train_classifier.check(other, lake.storage)
