"""Wrong labels of images with many labels: planted ones are found on both sides, counts are those of each label."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession

from imagelake.errors import ImageLakeError
from imagelake.measures.label_errors import (
    NOBODY,
    confidence_sums,
    estimated_joint,
    joint_counts,
    likely_labels,
    thresholds_of,
    wrong_counts,
)
from imagelake.tables import TABLES
from imagelake.training.head_grid import Effort
from imagelake.training.label_loss import probabilities
from imagelake.transforms.issues.known_counts import judge_scored, known_counts
from imagelake.transforms.issues.known_labels import KnownRules, count_known, denied_labels, judge_known, known_images
from imagelake.transforms.issues.label_issues import Background, IssueRules, issue_counts, label_issues
from imagelake.transforms.issues.label_judges import JudgeSettings, KnownSet, LabelJudges, score_known, train_judges
from imagelake.transforms.training.packed_features import scaling_of
from planted_labels import LABELS, D, N, label_rows, planted

RULES = KnownRules((), 5, 3, 7)
SETTINGS = JudgeSettings((1e-2, 1e-1), 3, Effort(1e-4, 200), 0.1, 2**28)


def tables(spark: SparkSession, said: NDArray[np.int_], features: NDArray[np.float32]) -> dict[str, DataFrame]:
    """Labels as annotated, clean labels and predictions."""
    columns = [column.name for column in TABLES["labels"].columns]
    rows = [tuple(row[name] for name in columns) for row in label_rows(said)]
    labels = spark.createDataFrame(rows, TABLES["labels"].ddl)
    predictions = spark.createDataFrame(
        [(f"i{row:03}", one.tolist(), None) for row, one in enumerate(features)],
        "image_id string, features array<float>, error string",
    )
    images = spark.createDataFrame([(f"i{row:03}", f"h{row}") for row in range(N)], "image_id string, sha256 string")
    return {"labels": labels, "clean": labels.where("confidence = 1"), "predictions": predictions, "images": images}


def groups(spark: SparkSession) -> DataFrame:
    rows = [(f"i{row:03}", f"i{row:03}" if row > 3 else "same") for row in range(N)]
    return spark.createDataFrame(rows, "image_id string, group_id string")


def known_set(spark: SparkSession, made: dict[str, DataFrame]) -> KnownSet:
    pairs = judge_known(made["clean"], denied_labels(made["labels"]), made["predictions"], RULES)
    usable = pairs.where("reason IS NULL").drop("reason")
    known = count_known(usable)
    rows = known_images(usable, known, groups(spark), made["predictions"], RULES).persist()
    return KnownSet(rows, rows.count(), known, scaling_of(rows, D))


def train(data: KnownSet, folder: str, settings: JudgeSettings = SETTINGS) -> LabelJudges:
    return train_judges(data, settings, folder, lambda _: None)


@pytest.fixture(scope="module")
def found(spark: SparkSession) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """The table label_scores of planted images, and which rows are wrong."""
    features, _, said, wrong = planted()
    data = known_set(spark, tables(spark, said, features))
    scored = score_known(data.rows, train(data, "")).persist()
    table = judge_scored(scored, known_counts(scored))
    return TABLES["label_scores"].conform(table).toPandas(), [(f"i{row:03}", LABELS[label]) for row, label in wrong]


def test_what_is_said_wrongly_has_the_lowest_scores(found: tuple[pd.DataFrame, list[tuple[str, str]]]) -> None:
    """Of as many as are wrong nearly all, whether a label is missing or too many; unknown labels are not scored."""
    table, wrong = found
    _, _, said, _ = planted()
    assert len(table) == np.count_nonzero(said >= 0)
    lowest = table.sort_values("score").head(len(wrong))
    right = [pair for pair in zip(lowest["image_id"], lowest["label"], strict=True) if pair in wrong]
    assert len(right) >= 0.85 * len(wrong)
    by_pair = table.set_index(["image_id", "label"]).loc[right]
    assert by_pair["differs"].all()
    absent = by_pair[~by_pair["present"].astype(bool)]
    assert 0 < len(absent) < len(by_pair)
    assert (absent["suggested"] == absent.index.get_level_values("label")).all()
    assert absent["suggested_score"].to_numpy() == pytest.approx(1 - absent["score"].to_numpy())
    there = by_pair[by_pair["present"].astype(bool)]
    assert (there["suggested"] != there.index.get_level_values("label")).all()


@pytest.mark.parametrize("name", LABELS)
def test_counts_are_those_of_each_label_by_itself(found: tuple[pd.DataFrame, list[tuple[str, str]]], name: str) -> None:
    """Confident learning with two classes for each label, as it is for one label an image, all scores in one array."""
    table = found[0][found[0]["label"] == name]
    present = table["present"].to_numpy().astype(np.int64)
    there = np.where(present == 1, table["score"], 1 - table["score"])
    scores = np.stack([1 - there, there], axis=1)
    sums = confidence_sums(scores, present)
    likely = likely_labels(scores, thresholds_of(sums))
    images = sums[0].astype(np.int64)
    wrong = wrong_counts(estimated_joint(joint_counts(present, likely, 2), images))
    differs = scores.argmax(axis=1) != present
    own = scores[np.arange(len(present)), present]
    by_pair, by_label = np.zeros(len(own), bool), np.zeros(len(own), bool)
    for side in (0, 1):
        (rows,) = np.nonzero(present == side)
        in_order = rows[np.argsort(own[rows])]
        by_pair[in_order[: wrong[side, 1 - side]]] = True
        by_label[in_order[: images[side] - wrong[side, side]]] = True
    assert by_pair.any()
    np.testing.assert_array_equal(table["by_noise_rate"], by_pair & differs)
    np.testing.assert_array_equal(table["by_class"], by_label & differs)
    np.testing.assert_array_equal(table["by_confident_learning"], differs & (likely != NOBODY) & (likely != present))
    np.testing.assert_array_equal(table["differs"], differs)
    np.testing.assert_array_equal(table["margin"], table["score"])


def test_tasks_train_what_the_driver_trains(spark: SparkSession, tmp_path: Any) -> None:
    """Where features do not fit the driver, passes of tasks give equal heads, and each image's score is its fold's."""
    features, _, said, _ = planted()
    data = known_set(spark, tables(spark, said, features))
    short = JudgeSettings((1e-1,), 3, Effort(1e-2, 30), 0.1, 2**28)
    one = train(data, "", short)
    other = train(data, str(tmp_path / "packed"), replace(short, memory_bytes=0))
    np.testing.assert_allclose(one.of_folds, other.of_folds, atol=1e-3)
    scored = score_known(data.rows, one).toPandas().set_index(["image_id", "label"])
    for row in data.rows.limit(20).collect():
        values = np.array(row["features"], np.float32)[None]
        there = probabilities(values, one.of_folds[row["fold"]])[0]
        for number in row["known"]:
            score = scored.loc[(row["image_id"], LABELS[abs(number) - 1]), "score"]
            assert score == pytest.approx(there[number - 1] if number > 0 else 1 - there[-number - 1], abs=1e-5)
    folds = {row["image_id"]: row["fold"] for row in data.rows.select("image_id", "fold").collect()}
    assert len({folds[f"i00{n}"] for n in range(4)}) == 1
    assert set(folds.values()) == {0, 1, 2}


def test_what_is_not_judged_has_its_reason(spark: SparkSession) -> None:
    """A label said both ways, without features, on few images, or never denied is neither learnt from nor judged."""
    rows = [(f"i{n}", "Lion", 1.0) for n in range(6)] + [(f"i{n}", "Lion", 0.0) for n in range(5, 11)]
    rows += [(f"i{n}", "Owl", 1.0) for n in range(6)] + [
        ("torn", "Lion", 0.0),
        ("i1", "Zebra", 1.0),
        ("i2", "Zebra", 0.0),
    ]
    rows += [("machine", "Lion", 0.0)]
    made = [
        (image, f"/m/{label}", label, "train", "machine" if image == "machine" else "human", "tool", value)
        for image, label, value in rows
    ]
    labels = spark.createDataFrame(made, TABLES["labels"].ddl)
    features = [(f"i{n}", [1.0], None) for n in range(11)] + [("torn", None, "truncated"), ("machine", [1.0], None)]
    predictions = spark.createDataFrame(features, "image_id string, features array<float>, error string")
    there = labels.where("confidence = 1")
    judged = judge_known(there, denied_labels(labels), predictions, RULES).collect()
    reasons = {(row["image_id"], row["label"], row["present"]): row["reason"] for row in judged}
    assert reasons == {
        **{(f"i{n}", "Lion", True): None for n in range(5)},
        **{(f"i{n}", "Lion", False): None for n in range(6, 11)},
        ("i5", "Lion", True): "contradictory",
        ("i5", "Lion", False): "contradictory",
        **{(f"i{n}", "Owl", True): "few_absent" for n in range(6)},
        ("torn", "Lion", False): "no_features",
        ("i1", "Zebra", True): "few_images",
        ("i2", "Zebra", False): "few_images",
    }
    chosen = judge_known(there, denied_labels(labels), predictions, KnownRules(("Owl",), 5, 3, 7))
    assert {row["reason"] for row in chosen.where("label = 'Lion'").collect()} == {"other_label"}
    with pytest.raises(ImageLakeError, match=r"no label is both shown by train\.min_images images and verified"):
        count_known(chosen.where("reason IS NULL"))


def test_a_missing_label_is_an_issue_with_its_source(spark: SparkSession) -> None:
    """What people verified as not there comes with their identifiers, apart from what they verified as there."""
    rows = [
        ("a", "Lion", 0.02, "Lion", 0.98, False),
        ("b", "Lion", 0.03, "Owl", 0.9, True),
        ("c", "Owl", 0.9, "Lion", 0.2, True),
    ]
    scores = spark.createDataFrame(
        [(image, label, score, score, other, best, True, True, True, score < 0.5, present)
         for image, label, score, other, best, present in rows],
        TABLES["label_scores"].ddl,
    )  # fmt: skip
    said = [
        (image, f"/m/{label}", label, "train", "human", "tool", float(present)) for image, label, *_, present in rows
    ]
    labels = spark.createDataFrame(said, TABLES["labels"].ddl)
    images = spark.createDataFrame([(one, "equal") for one in "ab"] + [("c", "c")], "image_id string, sha256 string")
    background = Background(
        labels.where("confidence = 1"), images, spark.createDataFrame([], TABLES["hierarchy"].ddl), None,
        denied_labels(labels),
    )  # fmt: skip
    rules = IssueRules("low_score", 0.1, "self_confidence", 0.3, 0.95)
    issues = TABLES["label_issues"].conform(label_issues(scores, background, rules)).orderBy("rank").collect()
    assert [(row["image_id"], row["label_id"], row["reason"], row["present"]) for row in issues] == [
        ("a", "/m/Lion", "likely_missing", False),
        ("b", "/m/Lion", "unlikely", True),
    ]
    counts = TABLES["label_issue_counts"].conform(issue_counts(scores, background.published, rules)).collect()
    assert {(row["label"], row["present"]): (row["labels"], row["issues"]) for row in counts} == {
        ("Lion", False): (1, 1),
        ("Lion", True): (1, 1),
        ("Owl", True): (1, 0),
    }
