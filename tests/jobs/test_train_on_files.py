"""Classifiers trained on files of features: the same from every format, and what is wrong with files is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import planted_tables  # noqa: F401 - puts jobs/ on the path
import pytest
from numpy.typing import NDArray
from pyspark.sql import SparkSession
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

import compare_runs
import train_classifier
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Outcome, execute
from imagelake.runtime.resolve.training import check_networks
from imagelake.vision.head import HEADS, read_head

N, D = 240, 6
LABELS = np.array(["cat", "dog", "owl"])
L2 = 1e-2
QUICK = (f"train.l2=[{L2}]", "train.folds=3")


def features() -> tuple[NDArray[np.float32], NDArray[np.str_]]:
    """Features [N, D] of three heaps, and the label of each row."""
    draw = np.random.default_rng(3)
    classes = draw.integers(0, len(LABELS), N)
    return (draw.normal(size=(N, D)) + 1.5 * np.eye(D)[classes]).astype(np.float32), LABELS[classes]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same rows as Parquet with a list, as chunks of CSV with a column each, and as arrays."""
    folder, (values, labels) = tmp_path_factory.mktemp("features"), features()
    pd.DataFrame({"label": labels, "features": list(values)}).to_parquet(folder / "rows.parquet")
    table = pd.DataFrame(values, columns=[str(number) for number in range(D)])
    table = table.assign(path=[f"{number}.jpg" for number in range(N)], size=7, index=labels)
    (folder / "chunks").mkdir()
    for start in range(0, N, 100):
        table[start : start + 100].to_csv(folder / "chunks" / f"{start}.csv", index_label="Unnamed: 0")
    (folder / "arrays").mkdir()
    np.save(folder / "arrays" / "features.npy", values)
    np.save(folder / "arrays" / "label.npy", labels)
    return folder


def train(spark: SparkSession, root: Path, *settings: str) -> Outcome:
    return execute(train_classifier.JOB, Lake(spark, str(root)), load_config([], [*QUICK, *settings]))


def weights_in(root: Path) -> NDArray[np.float32]:
    folder = root / HEADS
    packed = read_head("head", [file.name for file in folder.iterdir()], lambda part: (folder / part).read_bytes())
    return packed.open().weights


def test_every_format_gives_the_optimum(spark: SparkSession, files: Path, tmp_path: Path) -> None:
    """A list, columns by number, all columns but those dropped, and arrays: scikit-learn's scores from each."""
    values, labels = features()
    mean, deviation = values.mean(0), values.std(0)
    model = LogisticRegression(C=1 / (N * L2), tol=1e-9, max_iter=10_000).fit((values - mean) / deviation, labels)
    expected = model.predict_proba((values - mean) / deviation)
    chunks = (f"train.features={files}/chunks", "train.label_column=index", "train.id_column=path")
    ways = {
        "list": (f"train.features={files}/rows.parquet",),
        "numbered": (*chunks, "train.features_column=*"),
        "all": (*chunks, "train.features_column=", 'train.drop_columns=["Unnamed: 0", "size"]'),
        "arrays": (f"train.features={files}/arrays",),
    }
    for name, settings in ways.items():
        outcome = train(spark, tmp_path / name, *settings)
        assert outcome.work is not None
        assert outcome.work.accounts[0].kept == N
        weights = weights_in(tmp_path / name)
        logits = values @ weights[:-1] + weights[-1]
        scores = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
        np.testing.assert_allclose(scores, expected, atol=0.02, err_msg=name)
    rows = pd.read_parquet(tmp_path / "numbered" / "training_predictions")
    assert set(rows["image_id"]) == {f"{number}.jpg" for number in range(N)}
    assert train(spark, tmp_path / "list", *ways["list"]).work is None


def test_splits_and_rows_that_cannot_be_learnt_from(spark: SparkSession, tmp_path: Path) -> None:
    """Rows of test are measured on; a NaN and a row without features have their reason; a label of one row too."""
    values, labels = features()
    split = np.where(np.arange(N) < 200, "train", "test")
    kept: list[NDArray[np.float32] | None] = [np.full(D, np.nan, np.float32), None, *values[2:]]
    rows = pd.DataFrame({"label": ["cat", "cat", "yeti", *labels[3:]], "features": kept, "split": split})
    rows.to_parquet(tmp_path / "rows.parquet")
    outcome = train(spark, tmp_path / "lake", f"train.features={tmp_path}/rows.parquet")
    assert outcome.work is not None
    (account,) = outcome.work.accounts
    assert account.rejected == {"no_features": 2, "few_images": 1}
    found = pd.read_parquet(tmp_path / "lake" / "training_predictions")
    assert found["evaluated_on"].value_counts().to_dict() == {"cross_validation": 197, "test": 40}


def test_runs_are_compared_on_files(spark: SparkSession, files: Path, tmp_path: Path) -> None:
    """The same files, several ways to treat imbalance."""
    settings = [*QUICK, f"train.features={files}/rows.parquet", 'runs.imbalance=["none", "class_weights"]']
    execute(compare_runs.JOB, Lake(spark, str(tmp_path)), load_config([], settings))
    found = pd.read_parquet(tmp_path / "run_comparison")
    assert set(found["imbalance"]) == {"none", "class_weights"}
    assert (found["accuracy"] > 0.7).all()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("train.label_column=lable",), "train.label_column: unknown column 'lable'. Did you mean 'label'?"),
        (("train.features_column=f*",), "train.features_column: unknown column 'f*'"),
        (("train.features_column=label",), "train.features_column = 'label' is a column of string"),
        (("train.features_column=", 'train.drop_columns=["size"]'), "train.drop_columns: unknown column 'size'"),
    ],
)
def test_what_is_wrong_with_files_is_said(
    spark: SparkSession, files: Path, tmp_path: Path, settings: tuple[str, ...], said: str
) -> None:
    """The setting, the value and the choices; nothing is published."""
    with pytest.raises(ImageLakeError) as error:
        train(spark, tmp_path, f"train.features={files}/rows.parquet", *settings)
    assert said in str(error.value)
    assert not (tmp_path / "training_runs").exists()


def test_a_network_on_pixels_is_refused_before_spark_starts() -> None:
    """Files of features have none."""
    config = load_config([], ["train.features=rows.parquet", "train.model=cnn_small"])
    with pytest.raises(ImageLakeError, match=r"cnn_small learns from pixels, and train\.features = 'rows\.parquet'"):
        check_networks(config, [config.train.model])


def test_labels_and_features_of_different_length(spark: SparkSession, tmp_path: Path) -> None:
    """Arrays that do not fit together are named with their lengths."""
    (tmp_path / "arrays").mkdir()
    np.save(tmp_path / "arrays" / "features.npy", np.zeros((5, 3), np.float32))
    np.save(tmp_path / "arrays" / "label.npy", np.arange(4))
    with pytest.raises(ImageLakeError, match=r"label.npy has 4 rows, features.npy 5"):
        train(spark, tmp_path / "lake", f"train.features={tmp_path}/arrays")
