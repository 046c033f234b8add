"""Confident learning on Spark: cleanlab's figures, whatever the partitions; reasons, verdicts and counts by source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pyspark.sql import DataFrame, SparkSession

from imagelake.errors import ImageLakeError
from imagelake.judging.forms import LABELS
from imagelake.judging.verdict_files import read_verdicts
from imagelake.tables import TABLES
from imagelake.transforms.issues.confident_counts import ScoredRows, bounds_of, confident_counts, judge_images
from imagelake.transforms.issues.label_issues import (
    Background,
    IssueRules,
    candidate_labels,
    issue_counts,
    label_issues,
)
from imagelake.transforms.issues.label_verdicts import given_verdicts, merged_verdicts
from imagelake.transforms.labels.clean_labels import distrusted_labels

RULES = IssueRules("differs", 0.1, "self_confidence", 0.3, 0.95)


def judged(rows: DataFrame, labels: tuple[str, ...]) -> DataFrame:
    """Rows whose scores stand in a column, judged; executors do not know the module of this test."""
    classes = len(labels)

    def given_scores(batch: Any) -> NDArray[np.float64]:
        values: NDArray[np.float64] = batch["scores"].flatten().to_numpy().reshape(-1, classes)
        return values

    scored = ScoredRows(rows, labels, given_scores)
    counts = confident_counts(scored)
    return judge_images(scored, counts, bounds_of(scored, counts))


def test_cleanlabs_figures_whatever_the_partitions(spark: SparkSession, shared_data: Path) -> None:
    """On CIFAR-10's test labels 284 by noise rate, 284 by class, 226 by both, 244 by confident learning, 706 differ."""
    scores = np.load(shared_data / "label_errors" / "cifar10_test_probabilities.npy")
    given = np.load(shared_data / "label_errors" / "cifar10_test_labels.npy")
    rows = [
        (f"i{n:05}", str(label), values.tolist()) for n, (label, values) in enumerate(zip(given, scores, strict=True))
    ]
    frame = spark.createDataFrame(rows, "image_id string, label string, scores array<double>").repartition(7)
    found = judged(frame, tuple("0123456789")).toPandas().sort_values("image_id")
    assert found["by_noise_rate"].sum() == 284
    assert found["by_class"].sum() == 284
    assert (found["by_noise_rate"] & found["by_class"]).sum() == 226
    assert found["by_confident_learning"].sum() == 244
    assert found["differs"].sum() == 706
    own = scores[np.arange(len(given)), given]
    others = scores.copy()
    others[np.arange(len(given)), given] = -1
    np.testing.assert_allclose(found["score"], own, atol=1e-6)
    np.testing.assert_allclose(found["margin"], (own - others.max(1) + 1) / 2, atol=1e-6)


def scores_of(spark: SparkSession, *rows: tuple[Any, ...]) -> DataFrame:
    """Rows of label_scores: image, label, score, suggested, its score."""
    made = [
        (image, label, score, 0.5, other, best, True, True, True, label != other, True)
        for image, label, score, other, best in rows
    ]
    return spark.createDataFrame(made, TABLES["label_scores"].ddl)


def labels_of(spark: SparkSession, *rows: tuple[str, str]) -> DataFrame:
    made = [(image, f"/m/{label}", label, "train", "human", f"tool {image[0]}", 1.0) for image, label in rows]
    return spark.createDataFrame(made, TABLES["labels_clean"].ddl)


PAIRS = (("a1", "Lion"), ("a2", "Owl"), ("b3", "Animal"), ("b4", "Lion"), ("b5", "Lion"), ("b6", "Lion"), ("b7", "Owl"))
SCORES = (
    ("a1", "Lion", 0.01, "Owl", 0.9),
    ("b3", "Animal", 0.05, "Lion", 0.9),
    ("b4", "Lion", 0.1, "Owl", 0.25),
    ("b5", "Lion", 0.4, "Owl", 0.6),
    ("b6", "Lion", 0.02, "Owl", 0.98),
    ("b7", "Owl", 0.97, "Owl", 0.97),
)
TREE = (("/m/Animal", "Animal", None, None, None, 0), ("/m/Lion", "Lion", "/m/Animal", "Animal", "subcategory", 1))


def background(spark: SparkSession, verdicts: DataFrame | None = None) -> Background:
    images = [(image, "same" if image in {"a1", "a2"} else image) for image, _ in PAIRS]
    return Background(
        labels_of(spark, *PAIRS),
        spark.createDataFrame(images, "image_id string, sha256 string"),
        spark.createDataFrame(list(TREE), TABLES["hierarchy"].ddl),
        verdicts,
    )


def test_every_issue_has_its_reason_and_rank(spark: SparkSession) -> None:
    """The most suspicious is first; equal bytes with another label, a narrower label, and low scores are named."""
    found = label_issues(scores_of(spark, *SCORES), background(spark), RULES).orderBy("rank").collect()
    assert [(row["rank"], row["image_id"], row["reason"]) for row in found] == [
        (1, "a1", "contradicts_duplicates"),
        (2, "b6", "unlikely"),
        (3, "b3", "contradicts_hierarchy"),
        (4, "b4", "outlier"),
        (5, "b5", "ambiguous"),
    ]
    assert {row["verdict"] for row in found} == {None}
    assert TABLES["label_issues"].conform(label_issues(scores_of(spark, *SCORES), background(spark), RULES))


def test_a_low_score_is_an_issue_where_another_label_is_best(spark: SparkSession) -> None:
    """Below the bound, not at it."""
    rules = IssueRules("low_score", 0.1, "margin", 0.3, 0.95)
    found = scores_of(spark, *SCORES).where(rules.condition).collect()
    assert sorted(row["image_id"] for row in found) == ["a1", "b3", "b6"]


def test_reviewed_issues_tell_how_often_labels_of_their_score_are_wrong(spark: SparkSession) -> None:
    """Two of three reviewed labels below a tenth are wrong: a share with its interval; elsewhere nothing is known."""
    said = [("a1", "confirmed"), ("b6", "confirmed"), ("b3", "refuted")]
    lines = "image_id,label,verdict\n" + "".join(f"{image},{dict(PAIRS)[image]},{verdict}\n" for image, verdict in said)
    verdicts = given_verdicts(read_verdicts(LABELS, lines.encode(), "v.csv"), labels_of(spark, *PAIRS), "v.csv")
    found = {
        row["image_id"]: row
        for row in label_issues(scores_of(spark, *SCORES), background(spark, verdicts), RULES).collect()
    }
    assert found["a1"]["verdict"] == "confirmed"
    assert (found["b6"]["reviewed"], found["b6"]["wrong"]) == (3, pytest.approx(2 / 3))
    assert found["b6"]["wrong_low"] < 2 / 3 < found["b6"]["wrong_high"]
    assert (found["b5"]["reviewed"], found["b5"]["wrong"]) == (0, None)


def test_issues_are_counted_by_source(spark: SparkSession) -> None:
    """One of one label of tool a, and three of four of tool b."""
    by_source = issue_counts(scores_of(spark, *SCORES), background(spark).published, RULES)
    counts = by_source.where("label = 'Lion'").collect()
    assert {row["source"]: (row["labels"], row["issues"]) for row in counts} == {"tool a": (1, 1), "tool b": (3, 3)}


def test_a_later_verdict_wins_and_an_unknown_label_is_told(spark: SparkSession) -> None:
    """What is said again is said last; a label that the image does not have has no label_id."""
    labels = labels_of(spark, *PAIRS)
    first = given_verdicts(
        read_verdicts(LABELS, b"image_id,label,verdict\na1,Lion,refuted\nb7,Owl,refuted\n", "1"), labels, "1"
    )
    rows = read_verdicts(LABELS, b"image_id,label,verdict\na1,Lion,refuted\na1,Lion,confirmed\nzz,Owl,refuted\n", "2")
    second = given_verdicts(rows, labels, "2").persist()
    assert [row["image_id"] for row in second.where("label_id IS NULL").collect()] == ["zz"]
    merged = merged_verdicts(second.where("label_id IS NOT NULL"), first)
    assert sorted((row["image_id"], row["verdict"], row["file"]) for row in merged.collect()) == [
        ("a1", "confirmed", "2"),
        ("b7", "refuted", "1"),
    ]
    with pytest.raises(ImageLakeError, match=r"v.csv, line 2: verdict 'wrong'; known: confirmed, refuted"):
        read_verdicts(LABELS, b"image_id,label,verdict\na1,Lion,wrong\n", "v.csv")


def test_a_refuted_issue_is_kept_and_a_confirmed_one_is_not(spark: SparkSession) -> None:
    """A person's word counts whether issues are dropped or not."""
    pair = "image_id string, label_id string"
    issues = spark.createDataFrame([("a", "/m/1"), ("b", "/m/1"), ("c", "/m/1")], pair)
    verdicts = spark.createDataFrame([("b", "/m/1", "refuted"), ("c", "/m/1", "confirmed")], f"{pair}, verdict string")
    both = distrusted_labels(verdicts, issues)
    assert both is not None
    assert sorted(map(tuple, both.collect())) == [("a", "/m/1", "label_issue"), ("c", "/m/1", "confirmed_wrong")]
    alone = distrusted_labels(verdicts, None)
    assert alone is not None
    assert [tuple(row) for row in alone.collect()] == [("c", "/m/1", "confirmed_wrong")]
    assert distrusted_labels(None, None) is None


def test_dropped_issues_are_judged_again(spark: SparkSession) -> None:
    """A label that cleaning dropped as an issue stays a candidate, and others that it dropped do not."""
    dropped = [
        ("x", "/m/1", "Lion", "train", "human", "t", 1.0, reason) for reason in ("label_issue", "low_confidence")
    ]
    rejected = spark.createDataFrame(dropped, TABLES["labels_rejected"].ddl)
    assert candidate_labels(labels_of(spark, ("a", "Owl")), rejected).count() == 2
