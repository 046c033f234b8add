"""The shift job from names of sets to its tables: published figures, planted shifts, limits, bad input."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import LocalInputs
from imagelake.lake.lake import Lake
from imagelake.lake.storage import to_uri
from imagelake.runtime import command
from imagelake.runtime.job import Outcome, execute
from measure_shift import JOB

Frames = dict[str, pd.DataFrame]


def config_of(before: str, after: Sequence[str], *settings: str) -> Config:
    """A configuration that compares these sets."""
    named = [f"shift.before={json.dumps([before])}", f"shift.after={json.dumps(list(after))}"]
    return load_config([], [*named, *settings])


def measured(spark: SparkSession, root: Path, config: Config) -> tuple[Frames, Outcome]:
    """Every table of the job, and how it ended."""
    lake = Lake(spark, str(root))
    outcome = execute(JOB, lake, config)
    return {name.removeprefix("shift_"): pd.read_parquet(root / name) for name in JOB.writes if "_" in name}, outcome


@pytest.fixture(scope="module")
def imagenet(spark: SparkSession, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Frames:
    """Four published models on ImageNet's validation set against all three sets of ImageNetV2."""
    root = shared_data / "shift"
    sets = [str(root / f"imagenetv2-{name}") for name in ("b-33", "a-44", "c-12")]
    config = config_of(str(root / "imagenet-validation-original"), sets)
    tables, outcome = measured(spark, tmp_path_factory.mktemp("imagenet"), config)
    assert outcome.work is not None
    assert any("resnet50 is right about 76.1 %" in note for note in outcome.work.notes.values())
    return tables


@pytest.mark.parametrize(
    ("after", "model", "accuracies"),
    [
        ("b-33", "resnet50", (0.7613, 0.6333)),
        ("b-33", "mobilenet_v1_tf", (0.7102, 0.5740)),
        ("a-44", "mobilenet_v1_tf", (0.7102, 0.6611)),
        ("c-12", "mobilenet_v1_tf", (0.7102, 0.7243)),
    ],
)
def test_published_figures_come_out(imagenet: Frames, after: str, model: str, accuracies: tuple[float, float]) -> None:
    """Accuracies to the last published digit, on 50,000 and 10,000 images, with an interval around their difference."""
    summary = imagenet["summary"]
    (row,) = summary[summary["after"].str.endswith(after) & (summary["model"] == model)].to_dict("records")
    assert (round(row["accuracy_before"], 4), round(row["accuracy_after"], 4)) == accuracies
    assert (row["images_before"], row["images_after"]) == (50_000, 10_000)
    assert row["drop"] == pytest.approx(accuracies[0] - accuracies[1], abs=6e-5)
    assert row["drop_low"] < row["drop"] < row["drop_high"] < row["drop_low"] + 0.025
    assert row["p"] < 0.01
    assert pd.isna(row["pairs"])


def test_many_models_lie_on_a_line(imagenet: Frames) -> None:
    """The four models' line on matched-frequency is NumPy's, and keeps gains, as ImageNetV2's authors found."""
    models = imagenet["models"][imagenet["models"]["after"].str.endswith("b-33")]
    slope, intercept = np.polyfit(models["accuracy_before"], models["accuracy_after"], 1)
    lines = indexed(imagenet["lines"][imagenet["lines"]["after"].str.endswith("b-33")], "scale")
    assert (lines["linear"]["slope"], lines["linear"]["intercept"]) == pytest.approx((slope, intercept))
    assert lines["linear"]["slope_low"] < 1 < lines["linear"]["slope_high"]
    assert min(line["r"] for line in lines.values()) > 0.99
    expected = intercept + slope * models["accuracy_before"]
    np.testing.assert_allclose(models["linear_robustness"], models["accuracy_after"] - expected, atol=1e-12)


def test_classes_of_imagenet_have_their_accuracies(imagenet: Frames) -> None:
    """Every class has 50 images before and 10 after; the drops average to the drop of all; ranges count a thousand."""
    classes = imagenet["classes"]
    mine = classes[classes["after"].str.endswith("b-33") & (classes["model"] == "resnet50")]
    assert len(mine) == 1000
    assert (set(mine["images_before"]), set(mine["images_after"])) == ({50}, {10})
    assert mine["drop"].mean() == pytest.approx(0.7613 - 0.6333, abs=6e-5)
    assert (mine["p_holm"] >= mine["p"]).all()
    ranges = imagenet["ranges"]
    assert (ranges.groupby(["set_name", "model"])["classes"].sum() == 1000).all()


def test_what_cannot_be_judged_says_why(imagenet: Frames) -> None:
    """Predictions alone have neither scores, features nor properties: each hypothesis names what is lacking."""
    rows = indexed(imagenet["hypotheses"][imagenet["hypotheses"]["after"].str.endswith("b-33")], "hypothesis")
    assert rows["chance"]["verdict"] == "not_supported"
    assert rows["prior_shift"]["verdict"] == "not_supported"
    assert rows["prior_shift"]["explained"] == pytest.approx(0, abs=1e-9)
    assert rows["adaptive_overfitting"]["verdict"] == "not_supported"
    for name, reason in (
        ("covariate_shift", "has no column features"),
        ("harder_images", "has no scores"),
        ("class_imbalance", "shift.training names them"),
        ("properties", "names no column"),
        ("duplicates", "is no lake"),
        ("overfitting", "not computed, because"),
        ("replication_bias", "has no columns selected and voters"),
    ):
        assert rows[name]["verdict"] == "cannot"
        assert reason in rows[name]["undefined"], name
    assert imagenet["tests"]["undefined"].str.contains("has no column features").all()


WIDTH, CLASSES = 24, ("cat", "dog", "owl", "fox")


def made(draw: np.random.Generator, n: int, shares: Sequence[float], **changes: Any) -> pd.DataFrame:
    """Images of four classes with features, and what a model that knows the features well says of them.

    Changes: ``move`` is added to features 3, 5 and 7; ``flip`` is the share of labels that are wrong.
    """
    labels = draw.choice(len(CLASSES), size=n, p=shares)
    features = draw.normal(size=(n, WIDTH))
    features[:, : len(CLASSES)] += 2.2 * np.eye(len(CLASSES))[labels]
    logits = 2 * features[:, : len(CLASSES)]
    features[:, [3 + 2, 7, 9]] += changes.get("move", 0.0)
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    flipped = draw.uniform(size=n) < changes.get("flip", 0.0)
    given = np.where(flipped, (labels + 1) % len(CLASSES), labels)
    return pd.DataFrame(
        {
            "image_id": [f"{changes.get('name', 'image')}{number}" for number in range(n)],
            "label": [CLASSES[one] for one in given],
            "prediction": [CLASSES[one] for one in logits.argmax(axis=1)],
            "score": probabilities.max(axis=1),
            "features": list(features.astype(np.float32)),
            "width": draw.normal(300 + changes.get("wider", 0.0), 50, n),
            "format": draw.choice(["JPEG", "PNG"], size=n, p=[0.8, 0.2]),
        }
    )


def narrowed(rows: pd.DataFrame) -> pd.DataFrame:
    """The same with the first nine features alone."""
    return rows.assign(features=[one[:9] for one in rows["features"]])


EQUAL = (0.25, 0.25, 0.25, 0.25)
SETTINGS = ('shift.property_columns=["width", "format"]', "shift.sample=600", "shift.clusters=3")


@pytest.fixture(scope="module")
def planted(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> tuple[Frames, Outcome]:
    """A set against itself drawn anew, against other features, against other classes and without labels."""
    folder, draw = tmp_path_factory.mktemp("planted"), np.random.default_rng(3)
    sets = {
        "before": made(draw, 1500, EQUAL),
        "same": made(draw, 1200, EQUAL, name="same"),
        "moved": made(draw, 1200, EQUAL, name="moved", move=0.8, wider=40.0),
        "classes": made(draw, 1200, (0.7, 0.1, 0.1, 0.1), name="classes"),
        "flipped": made(draw, 1200, EQUAL, name="flipped", flip=0.3),
        "unlabelled": made(draw, 1200, (0.7, 0.1, 0.1, 0.1), name="unlabelled").drop(columns="label"),
        "narrow": narrowed(made(draw, 300, EQUAL, name="narrow")),
    }
    for name, rows in sets.items():
        rows.to_parquet(folder / f"{name}.parquet", row_group_size=500)
    paths = [f"{folder}/{name}.parquet" for name in sets]
    tables, outcome = measured(spark, folder / "lake", config_of(paths[0], paths[1:], *SETTINGS))
    return {
        name: table.assign(after=table["after"].str.rpartition("/")[2].str.removesuffix(".parquet"))
        if "after" in table
        else table
        for name, table in tables.items()
    }, outcome


def indexed(table: pd.DataFrame, column: str) -> dict[Any, dict[Any, Any]]:
    """The rows of a table as dictionaries, by a column."""
    return {row[column]: row for row in table.to_dict("records")}


def of(tables: Frames, table: str, after: str) -> pd.DataFrame:
    """The rows of one set after."""
    return tables[table][tables[table]["after"] == after]


def test_a_set_drawn_anew_raises_no_alarm(planted: tuple[Frames, Outcome]) -> None:
    """No test of the whole sets, of features, of classes or properties is significant after correction."""
    tables, _ = planted
    sets = of(tables, "features", "same").query("comparison == 'sets'")
    assert sets["p_holm"].min() > 0.05
    assert (of(tables, "tests", "same")["p"] > 0.05).all()
    verdicts = {name: row["verdict"] for name, row in indexed(of(tables, "hypotheses", "same"), "hypothesis").items()}
    assert [name for name, verdict in verdicts.items() if verdict == "supported"] == ["chance"]


def test_planted_features_and_properties_are_named(planted: tuple[Frames, Outcome]) -> None:
    """The three features that moved by 0.8 deviations come first and are a cluster of their own; the width is named."""
    tables, _ = planted
    sets = of(tables, "features", "moved").query("comparison == 'sets'").sort_values("effect_rank")
    assert sorted(sets["feature"].head(3)) == [5, 7, 9]
    assert (sets["p_holm"].head(3) < 1e-9).all()
    assert (sets["effect"].head(3) > 0.6).all()
    assert (sets["p_holm"].iloc[3:] > 0.05).all()
    clusters = {number: set(rows["feature"]) for number, rows in sets.groupby("cluster")}
    verdicts = indexed(of(tables, "hypotheses", "moved"), "hypothesis")
    assert verdicts["covariate_shift"]["verdict"] == "supported"
    assert abs(verdicts["property_width"]["statistic"] - 0.8) < 0.15
    assert verdicts["property_format"]["verdict"] == "not_supported"
    assert verdicts["prior_shift"]["verdict"] == "not_supported"
    # What right and wrong images differ in is another thing than what the sets differ in.
    (number,) = [number for number, features in clusters.items() if features == {5, 7, 9}]
    row = indexed(of(tables, "clusters", "moved"), "cluster")[number]
    assert row["effect"] > 0.6
    assert row["outcome_effect_before"] < 0.3


def test_planted_classes_and_labels_are_named(planted: tuple[Frames, Outcome]) -> None:
    """Other shares of classes are prior shift; flipped labels are a drop that no look at the images explains."""
    tables, _ = planted
    prior = indexed(of(tables, "hypotheses", "classes"), "hypothesis")["prior_shift"]
    assert prior["statistic"] == pytest.approx(0.45, abs=0.04)
    assert prior["p"] < 1e-9
    flipped = indexed(of(tables, "hypotheses", "flipped"), "hypothesis")
    assert flipped["chance"]["verdict"] == "not_supported"
    assert flipped["covariate_shift"]["verdict"] == "not_supported"
    assert "beyond what its scores let expect" in flipped["harder_images"]["answer"]
    (summary,) = of(tables, "summary", "flipped").to_dict("records")
    assert summary["drop"] == pytest.approx(0.27, abs=0.05)
    assert summary["answer"].startswith("model is right about")


def test_a_set_without_labels_has_an_expected_accuracy(planted: tuple[Frames, Outcome]) -> None:
    """Both estimates hold what labels would show, and the shares of classes are found from predictions alone."""
    tables, _ = planted
    (row,) = of(tables, "summary", "unlabelled").to_dict("records")
    assert row["images_after"] == 0
    assert np.isnan(row["accuracy_after"])
    assert "has no labels" in row["undefined"]
    (known,) = of(tables, "summary", "classes").to_dict("records")  # drawn alike, with labels
    for name in ("threshold", "calibrated"):
        assert row[f"{name}_low"] - 0.02 <= known["accuracy_after"] <= row[f"{name}_high"] + 0.02
    cat = indexed(of(tables, "classes", "unlabelled"), "label")["cat"]
    assert cat["share_estimated"] == pytest.approx(0.7, abs=0.05)
    assert cat["share_estimated_low"] <= 0.7 <= cat["share_estimated_high"]
    assert "has no labels" in row["answer"]


def test_sets_of_different_width_say_so(planted: tuple[Frames, Outcome]) -> None:
    """Features of another model are not compared, and the reason stands in the row; accuracy is compared."""
    tables, _ = planted
    tests = of(tables, "tests", "narrow")
    assert tests["undefined"].str.contains("24 features").all()
    assert tests["undefined"].str.contains("of different models").all()
    assert of(tables, "features", "narrow").empty
    assert not of(tables, "summary", "narrow")["drop"].isna().any()


def test_the_account_and_the_notes_tell_the_run(spark: SparkSession, planted: tuple[Frames, Outcome]) -> None:
    """Every image with features is counted; each pair of sets has its answer."""
    _, outcome = planted
    assert outcome.work is not None
    assert {account.rows_in for account in outcome.work.accounts} == {1500, 1200, 300}
    assert len([name for name in outcome.work.notes if name.endswith(".parquet")]) == 6
    assert JOB.alarm(Lake(spark, outcome.work.lake.root)) is None


def test_pairs_copies_and_history_of_lakes(spark: SparkSession, tmp_path: Path) -> None:
    """Images in two lakes pair: the drop has McNemar's p; copies are counted; each run is a row of history.

    Near duplicates of lakes are those of measure_overlap. Two splits of one lake share near duplicates as well, and the
    runs of its head tell whether it overfits.
    """
    for name, wrong, more in (("one", 2, OF_ONE_LAKE), ("other", 9, overlap_with(to_uri(f"{tmp_path}/one")))):
        rows = planted_lake(wrong, f"{name}-") | more
        plant_tables(spark, tmp_path / name, (*rows, "hierarchy"), rows)
    config = config_of(f"{tmp_path}/one", [f"{tmp_path}/other:test"], "shift.sample=100", "model.classes=imagenet")
    tables, outcome = measured(spark, tmp_path / "lake", config)
    (row,) = tables["summary"].to_dict("records")
    assert (row["pairs"], row["drop"]) == (60, pytest.approx(7 / 60))
    assert row["p"] == pytest.approx(2 / 2**7)
    verdicts = indexed(tables["hypotheses"], "hypothesis")
    assert verdicts["duplicates"]["statistic"] == pytest.approx(23 / 60)
    assert "20 by equal bytes, 3 more by measure_overlap" in verdicts["duplicates"]["answer"]
    assert "constant in both sets" in verdicts["property_ppi"]["undefined"]
    assert verdicts["property_entropy"]["verdict"] == "not_supported"
    assert outcome.work is not None
    assert execute(JOB, Lake(spark, str(tmp_path / "lake")), config).work is None
    other = config_of(f"{tmp_path}/one:train", [f"{tmp_path}/one:held"], "shift.sample=90", "model.classes=imagenet")
    tables, _ = measured(spark, tmp_path / "lake", other)
    verdicts = indexed(tables["hypotheses"], "hypothesis")
    assert verdicts["duplicates"]["statistic"] == pytest.approx(8 / 30)
    assert "0 by equal bytes, 8 near" in verdicts["duplicates"]["answer"]
    assert verdicts["overfitting"]["verdict"] == "supported"
    assert verdicts["overfitting"]["explained"] == pytest.approx(0.3)
    assert len(tables["history"]) == 2
    assert tables["history"]["run_id"].nunique() == 2


OF_ONE_LAKE: dict[str, list[dict[str, Any]]] = {
    # Eight groups across the splits, and one within a split.
    "duplicate_groups": [
        *({"image_id": f"{number:03}", "representative_id": f"{number // 2 * 2:03}"} for number in range(16)),
        *({"image_id": f"{number:03}", "representative_id": "040"} for number in (40, 42)),
    ],
    "training_runs": [
        {"run": "l2=1", "accuracy": 0.68, "training_accuracy": 0.98, "evaluated": 500, "chosen": True},
        {"run": "l2=9", "accuracy": 0.66, "training_accuracy": 0.7, "evaluated": 500, "chosen": False},
    ],
}
"""Near duplicates and runs of a head, of the lake whose splits are compared."""


def overlap_with(reference: str) -> dict[str, list[dict[str, Any]]]:
    """Three near duplicates of images of another lake, a pair that is none, and one of equal bytes."""
    near = [
        ("040", "040", True),
        ("042", "044", True),
        ("044", "050", True),
        ("050", "051", False),
        ("000", "000", True),
    ]
    return {
        "image_overlap": [
            {"image_id": mine, "reference": reference, "reference_id": theirs, "evidence": "near", "verified": verified}
            for mine, theirs, verified in near
        ],
        "overlap_counts": [{"reference": reference, "split": "test", "images": 60, "exact": 1, "near": 3}],
    }


def planted_lake(wrong: int, sole: str) -> dict[str, list[dict[str, Any]]]:
    """Sixty dalmatians, of which the network takes some for tigers; a third of the files are in every such lake."""
    ids = [f"{number:03}" for number in range(60)]
    draw = np.random.default_rng(len(sole))
    dalmatian, tiger = (251, "dalmatian"), (292, "tiger")
    said = [tiger if number < wrong else dalmatian for number in range(60)]
    splits = ("train", "held") if sole == "one-" else ("test", "test")
    return {
        "images": [
            {"image_id": one, "split": splits[number % 2], "width": 300, "height": 200, "format": "JPEG", "mode": "RGB",
             "byte_size": 9000, "has_bytes": True, "sha256": one if number < 20 else f"{sole}{one}"}
            for number, one in enumerate(ids)
        ],
        "predictions": [
            {"image_id": one, "top_classes": [index], "top_names": [name], "top_scores": [0.9],
             "features": draw.normal(size=8).tolist(), "entropy": 7.0 + number / 100, "gradient": 9.0}
            for number, (one, (index, name)) in enumerate(zip(ids, said, strict=True))
        ],
        "labels_clean": [{"image_id": one, "label_id": "/m/0dal", "label": "Dalmatian"} for one in ids],
        "classes": [{"label_id": "/m/0dal", "label": "Dalmatian"}],
    }  # fmt: skip


def test_a_passed_limit_is_an_alarm_even_where_nothing_is_left_to_do(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tables are published, the exit code is 3 and the line names the limit; a second run says the same."""
    draw = np.random.default_rng(8)
    made(draw, 800, EQUAL).to_parquet(tmp_path / "before.parquet")
    made(draw, 800, EQUAL, flip=0.4, name="after").to_parquet(tmp_path / "after.parquet")
    # The tests' own session goes on.
    monkeypatch.setattr(command, "start_session", lambda *_: spark)
    monkeypatch.setattr(type(spark), "stop", lambda _: None)
    arguments = ["--root", str(tmp_path / "lake"), "--before", str(tmp_path / "before.parquet")]
    arguments += ["--after", str(tmp_path / "after.parquet"), "--set", "shift.sample=100"]
    for _ in range(2):
        assert command.main(JOB, [*arguments, "--set", "shift.max_drop=0.2"]) == command.ALARM
        shown = capsys.readouterr()
        assert "more than shift.max_drop = 0.2" in shown.err
    assert "nothing has changed since its last run" in shown.out
    assert len(pd.read_parquet(tmp_path / "lake" / "shift_history")) == 1
    spark.sparkContext.setLogLevel("ERROR")


def arrays(folder: Path, **columns: NDArray[Any]) -> Path:
    """A folder of .npy files."""
    folder.mkdir()
    for name, values in columns.items():
        np.save(folder / f"{name}.npy", values)
    return folder


def test_arrays_and_csv_and_single_images(spark: SparkSession, tmp_path: Path) -> None:
    """Folders of .npy and CSV with a column a feature are sets; NaN is rejected and counted; one image says so."""
    draw = np.random.default_rng(5)
    features = draw.normal(size=(50, 6)).astype(np.float32)
    features[7, 2] = np.nan
    labels = np.array(["a", "b"])[draw.integers(0, 2, 50)]
    folder = arrays(tmp_path / "arrays", features=features, label=labels, prediction=labels[::-1].copy())
    one = pd.DataFrame({f"f{number}": [0.5] for number in range(6)} | {"label": ["a"], "prediction": ["a"]})
    one.to_csv(tmp_path / "one.csv", index=False)
    arrays_config = config_of(f"{folder}", [f"{folder}/features.npy"], "shift.sample=100")
    tables, outcome = measured(spark, tmp_path / "first", arrays_config)
    assert outcome.work is not None
    assert [account.rejected for account in outcome.work.accounts] == [{"not_finite": 1}] * 2
    assert "has no column prediction" in tables["summary"]["undefined"][0]
    assert (tables["features"].query("comparison == 'sets'")["p"] > 0.999).all()
    named = config_of(f"{tmp_path}/one.csv", [f"{tmp_path}/two.csv"], "shift.features_column=f*", "shift.sample=100")
    pd.concat([one] * 30).to_csv(tmp_path / "two.csv", index=False)
    tables, _ = measured(spark, tmp_path / "second", named)
    assert set(tables["features"].query("comparison == 'sets'")["undefined"]) == {"a set has fewer than two rows"}
    assert tables["tests"]["undefined"].str.contains("a sample of 1 images").all()
    assert tables["summary"]["accuracy_before"][0] == 1.0


@pytest.mark.parametrize(
    ("after", "settings", "message"),
    [
        ("nothing.parquet", (), "there is no such file"),
        ("empty", (), "neither a lake with predictions, nor Parquet, CSV or .npy files"),
        ("rows.csv", ("shift.features_column=label",), "is a column of string, not of lists of numbers"),
        ("rows.csv", ("shift.prediction_column=said", "shift.features_column=seen"), "has neither predictions"),
        ("rows.csv", ('shift.property_columns=["wdth"]',), "Did you mean 'width'"),
        ("rows.csv", ("shift.model=vgg",), "unknown model 'vgg'"),
        ("ragged", (), "features.npy has 3 rows, label.npy 2|label.npy has 2 rows, features.npy 3"),
        ("objects", (), "holds Python objects"),
        ("rows.csv:test", (), "is no lake with predictions"),
    ],
)
def test_bad_input_is_one_line(
    spark: SparkSession, tmp_path: Path, after: str, settings: Sequence[str], message: str
) -> None:
    """The file, the value and what would be right."""
    rows = pd.DataFrame({"label": ["a", "b"], "prediction": ["a", "a"], "width": [3, 4]})
    rows.to_csv(tmp_path / "rows.csv", index=False)
    rows.to_csv(tmp_path / "before.csv", index=False)
    (tmp_path / "empty").mkdir()
    arrays(tmp_path / "ragged", features=np.zeros((3, 2)), label=np.zeros(2))
    arrays(tmp_path / "objects", label=np.array([None, {}], dtype=object))
    config = config_of(f"{tmp_path}/before.csv", [f"{tmp_path}/{after}"], *settings)
    with pytest.raises(ImageLakeError, match=message) as error:
        execute(JOB, Lake(spark, str(tmp_path / "lake")), config)
    assert "\n" not in str(error.value)


def test_sides_must_be_named_and_differ() -> None:
    """Before anything starts."""
    with pytest.raises(ImageLakeError, match="--after names none"):
        JOB.check(load_config([], ['shift.before=["test"]']), LocalInputs())
    with pytest.raises(ImageLakeError, match="compared with itself"):
        JOB.check(config_of("test", ["test"]), LocalInputs())
    assert "measure_shift" in sys.modules
