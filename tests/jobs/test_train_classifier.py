"""The training job on planted features: what it learns, what it leaves out and why, by tasks as in memory."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from planted_features import CLASSES, D, features, lake_with, planted
from pyspark.sql import SparkSession
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Outcome, execute
from imagelake.transforms.training import checkpoint, passes
from imagelake.transforms.training.packed_features import Packing, pack, scaling_of
from imagelake.transforms.training.training_images import width_of
from imagelake.vision.head import HEADS, read_head
from train_classifier import JOB

QUICK = ["train.l2=[1e-3, 1e-2, 1e-1]", "train.folds=3", "train.memory_bytes=100000000"]


@pytest.fixture(autouse=True)
def _any_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """Planted predictions come from no network, so that nothing can hold them against the one beside them."""
    monkeypatch.setattr("imagelake.runtime.resolve.training.require_features", lambda *_: None)


def train(lake: Lake, *settings: str) -> Outcome:
    return execute(JOB, lake, load_config([], [*QUICK, *settings]))


def head_of(lake: Lake, name: str = "head") -> tuple[np.ndarray[Any, Any], Any]:
    folder = Path(lake.root.removeprefix("file://")) / HEADS
    packed = read_head(name, [file.name for file in folder.iterdir()], lambda part: (folder / part).read_bytes())
    return packed.open().weights, packed.card


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """A planted lake that tests only add heads to."""
    return lake_with(spark, tmp_path_factory.mktemp("trained") / "lake", planted())


def test_a_head_is_scikit_learns_and_every_pair_has_its_reason(lake: Lake) -> None:
    """The published head scores as the optimum does; the account names what was left out; a second run is skipped."""
    outcome = train(lake)
    assert outcome.work is not None
    (account,) = outcome.work.accounts
    assert account.rejected == {"broader_label": 1, "few_images": 1, "no_features": 1, "several_labels": 2}
    assert outcome.work.notes["labels left out, under 5 images"] == "Okapi 1"
    assert (account.rows_in, account.kept) == (124, 119)
    weights, card = head_of(lake)
    assert card.classes == CLASSES
    assert card.images == (34, 32, 33)
    values, classes = features()
    chosen = np.arange(100) != 1
    x, y = values[:100][chosen].astype(float), classes[:100][chosen]
    mean, deviation = x.mean(0), x.std(0)
    model = LogisticRegression(C=1 / (99 * card.l2), tol=1e-9, max_iter=10_000).fit((x - mean) / deviation, y)
    expected = model.predict_proba((values[100:] - mean) / deviation)
    logits = values[100:] @ weights[:-1] + weights[-1]
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(scores, expected, atol=0.02)
    rows = {row["image_id"]: row for row in lake.read("training_predictions").collect()}
    for row, (one, truth) in enumerate(zip(scores, classes[100:], strict=True), start=100):
        found = rows[f"i{row:03}"]
        assert found["evaluated_on"] == "test"
        assert found["label_score"] == pytest.approx(one[truth], abs=1e-5)
        assert found["predicted"] == CLASSES[one.argmax()]
        assert found["other"] != found["label"]
    assert train(lake).work is None


def test_out_of_fold_scores_come_from_heads_without_the_image(lake: Lake) -> None:
    """Images of equal bytes share a fold, and a run's accuracy is that of the rows."""
    train(lake)
    rows = lake.read("training_predictions").where("evaluated_on = 'cross_validation'").toPandas().set_index("image_id")
    assert len(rows) == 99
    assert rows.loc["i002", "fold"] == rows.loc["i003", "fold"]
    assert rows["fold"].nunique() == 3
    (best,) = lake.read("training_runs").where("chosen").collect()
    assert best["accuracy"] == pytest.approx((rows["label"] == rows["predicted"]).mean())
    assert best["accuracy"] <= best["training_accuracy"] <= 1
    assert best["loss"] == pytest.approx(-np.log(rows["label_score"]).mean(), abs=1e-4)
    measures = {row["measure"]: row for row in lake.read("training_measures").where("images = 99").collect()}
    assert measures["accuracy"]["value"] == pytest.approx(best["accuracy"])
    assert measures["balanced_accuracy"]["low"] < best["balanced_accuracy"] < measures["balanced_accuracy"]["high"]
    confusion = lake.read("training_confusion").toPandas()
    assert confusion["images"].sum() == 119
    curves = lake.read("training_curves").toPandas()
    assert set(curves["run"]) == {"l2=0.001", "l2=0.01", "l2=0.1"}
    assert (curves.sort_values("iteration").groupby(["run", "fold"])["loss"].last() < np.log(3)).all()


def test_an_interrupted_run_goes_on(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A run that dies during its passes leaves weights, from which the next run goes on to its end."""
    settings = ("train.name=resumed", "train.memory_bytes=1", "train.l2=[1e-2]")
    monkeypatch.setattr(checkpoint, "PERIOD_S", 0.0)
    file = Path(lake.root.removeprefix("file://")) / "_checkpoints" / "resumed.npz"
    with monkeypatch.context() as patched:
        patched.setattr(passes.PassesByTasks, "measure", _die)
        with pytest.raises(RuntimeError, match="killed"):
            train(lake, *settings)
    assert file.exists()
    capsys.readouterr()
    train(lake, *settings)
    said = capsys.readouterr().err
    assert "goes on from the weights" in said
    assert said.count(": pass ") <= 2
    assert not file.exists()


def test_passes_by_tasks_give_what_memory_gives(spark: SparkSession, tmp_path: Path) -> None:
    """Loss, gradient and results of the left-out folds are the same sums, whatever adds them up."""
    values, classes = features(3_000)
    rows = [
        (f"i{row}", CLASSES[label], row % 3, row + 1, vector.tolist())
        for row, (vector, label) in enumerate(zip(values, classes, strict=True))
    ]
    ddl = "image_id string, label string, fold int, row_number bigint, features array<float>"
    frame = spark.createDataFrame(rows, ddl)
    scaling = scaling_of(frame, D)
    np.testing.assert_allclose(scaling.mean, values.mean(0), atol=1e-6)
    np.testing.assert_allclose(1 / scaling.scale, values.std(0), rtol=1e-4)
    packed = pack(frame, len(rows), Packing(scaling, CLASSES, np.array([1000] * 3), "none"))
    packed.write.parquet(str(tmp_path / "packed"))
    kept = spark.read.parquet(str(tmp_path / "packed"))
    weights = np.random.default_rng(1).normal(size=(D + 1, 4, 3)).astype(np.float32)
    held_out = np.array([0, 1, 2, -1], np.int8)
    one, other = passes.PassesInMemory(packed, D), passes.PassesByTasks(kept, D)
    here, there = one.evaluate(weights, held_out), other.evaluate(weights, held_out)
    assert here.weights.tolist() == there.weights.tolist() == [2000, 2000, 2000, 3000]
    np.testing.assert_allclose(here.losses, there.losses, rtol=1e-6)
    np.testing.assert_allclose(here.gradients, there.gradients, rtol=1e-4, atol=1e-2)
    measured, same = one.measure(weights, held_out), other.measure(weights, held_out)
    assert measured.images.sum(axis=1).tolist() == [1000, 1000, 1000, 0]
    np.testing.assert_array_equal(measured.hits, same.hits)
    np.testing.assert_array_equal(measured.images, same.images)
    np.testing.assert_array_equal(measured.learnt, same.learnt)
    assert measured.learnt[:, 0].tolist() == [2000, 2000, 2000, 3000]
    np.testing.assert_allclose(measured.losses, same.losses, rtol=1e-5)
    trusting, likewise = (each.distrusting(weights[:, :3], 0.2).evaluate(weights, held_out) for each in (one, other))
    assert trusting.weights[3] < 3000
    assert trusting.weights.tolist() == likewise.weights.tolist()


def _die(*_: Any) -> Any:
    raise RuntimeError("killed")


def test_rare_labels_are_drawn_until_all_are_equal(lake: Lake) -> None:
    """Over-sampling is what scikit-learn makes of images that are there as often as they are drawn."""
    train(lake, "train.name=over", "train.imbalance=over", "train.l2=[1e-2]")
    weights, card = head_of(lake, "over")
    assert card.imbalance == "over"
    values, classes = features()
    chosen = np.arange(100) != 1
    x, y = values[:100][chosen].astype(float), classes[:100][chosen]
    counts = np.bincount(y)
    x = (x - x.mean(0)) / x.std(0)
    model = LogisticRegression(C=1 / (3 * counts.max() * card.l2), tol=1e-9, max_iter=10_000)
    expected = model.fit(x, y, sample_weight=counts.max() / counts[y]).predict_proba(x)
    logits = values[:100][chosen] @ weights[:-1] + weights[-1]
    scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(scores, expected, atol=0.1)  # draws are whole, weights are not


def test_bad_input_is_one_line(lake: Lake) -> None:
    """Unknown labels, a single label, and no validation split, each name what to do."""
    with pytest.raises(ImageLakeError, match=r"train\.labels: 'Lino'\. Did you mean 'Lion'"):
        train(lake, 'train.labels=["Lino"]')
    with pytest.raises(ImageLakeError, match="needs two labels"):
        train(lake, 'train.labels=["Lion"]')
    with pytest.raises(ImageLakeError, match="split validation, which has no image"):
        train(lake, "train.folds=0")


def test_features_that_are_none_are_an_error(spark: SparkSession) -> None:
    """A NaN, and images with different numbers of features."""
    faulty = spark.createDataFrame([([0.5] * 3,), ([float("nan")] * 3,)], "features array<float>")
    with pytest.raises(ImageLakeError, match="1 images have a feature that is no finite number"):
        scaling_of(faulty, 3)
    with pytest.raises(ImageLakeError, match="3 to 4 features"):
        width_of(spark.createDataFrame([([0.5] * 3,), ([0.5] * 4,)], "features array<float>"))


def test_the_card_says_what_was_learnt_from(lake: Lake) -> None:
    """Images of each label, licences, the runs of the tables, and measures."""
    train(lake)
    folder = Path(lake.root.removeprefix("file://")) / HEADS
    card = json.loads((folder / "head.json").read_text())
    assert card["licences"] == {"": 99}
    assert set(card["inputs"]) == {"labels_clean", "predictions", "model"}
    assert "accuracy, test" in card["measures"]
