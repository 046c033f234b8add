"""Open Images' own protocol: equal to a brute force in plain Python on made data with planted negatives."""

from __future__ import annotations

import random

import numpy as np
import pytest
from pyspark.sql import SparkSession
from sklearn.metrics import average_precision_score  # type: ignore[import-untyped]
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]

from imagelake.tables import TABLES
from imagelake.taxonomy.hierarchy import Hierarchy
from imagelake.transforms.accuracy.verified_accuracy import judge_verified, measure_verified, verified_pairs
from imagelake.transforms.labels.label_classes import LabelClasses

PARENT = {"Bird": "Animal", "Owl": "Bird", "Eagle": "Bird", "Cat": "Animal"}
NAMES = ("owl", "eagle", "tabby", "siamese", "car")
CLASSES = {
    "Animal": frozenset({0, 1, 2, 3}),
    "Bird": frozenset({0, 1}),
    "Owl": frozenset({0}),
    "Eagle": frozenset({1}),
    "Cat": frozenset({2, 3}),
    "Boat": frozenset[int](),
}


def ancestors(label: str) -> list[str]:
    return [PARENT[label], *ancestors(PARENT[label])] if label in PARENT else []


def made(seed: int, images: int) -> tuple[list[tuple[str, str, str, float]], dict[str, list[tuple[int, float]]]]:
    """Labels of images as people and machines gave them, and the classes of each image, best first."""
    chance = random.Random(seed)
    labels, predicted = [], {}
    for number in range(images):
        image = f"i{number}"
        for label in chance.sample([*CLASSES], chance.randint(0, 4)):
            confidence = chance.choice([1.0, 0.0, 0.0, 0.7])
            labels.append((image, label, chance.choice(["human", "human", "machine"]), confidence))
        weights = [chance.randint(1, 16) / 64 for _ in NAMES]
        order = sorted(range(len(NAMES)), key=lambda index: (-weights[index], index))[: chance.randint(2, 5)]
        predicted[image] = [(index, weights[index]) for index in order]
    return labels, predicted


def brute_force(
    labels: list[tuple[str, str, str, float]], predicted: dict[str, list[tuple[int, float]]]
) -> dict[str, tuple[list[bool], list[float], list[bool]]]:
    """For each label the truths, scores and whether the best class is right, of its verified images."""
    votes: dict[tuple[str, str], set[bool]] = {}
    for image, label, origin, confidence in labels:
        if origin == "human" and confidence == 1:
            for one in (label, *ancestors(label)):
                votes.setdefault((image, one), set()).add(True)
        if origin == "human" and confidence == 0:
            for one in (label, *(below for below in PARENT if label in ancestors(below))):
                votes.setdefault((image, one), set()).add(False)
    found: dict[str, tuple[list[bool], list[float], list[bool]]] = {}
    for (image, label), truths in votes.items():
        if len(truths) == 1 and CLASSES[label] and image in predicted:
            truth, scores, best = found.setdefault(label, ([], [], []))
            truth.append(truths == {True})
            scores.append(sum(score for index, score in predicted[image] if index in CLASSES[label]))
            best.append(predicted[image][0][0] in CLASSES[label])
    return found


@pytest.mark.parametrize("seed", [1, 2])
def test_verified_labels_are_measured_as_by_brute_force(spark: SparkSession, seed: int) -> None:
    """Counts, intervals by statsmodels, and average precision by scikit-learn; unverified pairs count nowhere."""
    labels, predicted = made(seed, 120)
    rows = [(image, f"/m/{label}", label, "train", origin, "s", value) for image, label, origin, value in labels]
    del predicted["i7"]  # nobody predicted this one
    top = [
        (image, [index for index, _ in classes], [NAMES[index] for index, _ in classes], [s for _, s in classes])
        for image, classes in predicted.items()
    ]
    predictions = spark.createDataFrame(
        [(*row, None) for row in top] + [("torn", None, None, None, "truncated")],
        "image_id string, top_classes array<int>, top_names array<string>, top_scores array<float>, error string",
    )
    tree = Hierarchy.from_table(
        [("Animal", None, "subcategory"), *((below, above, "subcategory") for below, above in PARENT.items())]
    )
    verified = verified_pairs(spark.createDataFrame(rows, TABLES["labels"].ddl), tree)
    table = measure_verified(judge_verified(verified, predictions, LabelClasses(NAMES, CLASSES, {})), 0.9)
    found = {row["label"]: row for row in TABLES["label_verification"].conform(table).collect()}
    expected = brute_force(labels, predicted)
    assert set(found) == set(expected) == {"Animal", "Bird", "Owl", "Eagle", "Cat"}
    for label, (truth, scores, best) in expected.items():
        row, hits = found[label], sum(one and other for one, other in zip(truth, best, strict=True))
        assert (row["positives"], row["negatives"]) == (sum(truth), len(truth) - sum(truth))
        assert (row["top1_predicted"], row["top1_hits"]) == (sum(best), hits)
        assert row["average_precision"] == pytest.approx(average_precision_score(truth, scores))
        for name, n in (("precision", sum(best)), ("recall", sum(truth))):
            low, high = proportion_confint(hits, n, alpha=0.1, method="wilson")
            bounds = [row[f"top1_{name}"], row[f"top1_{name}_low"], row[f"top1_{name}_high"]]
            np.testing.assert_allclose(bounds, [hits / n, low, high], atol=1e-9)
        assert row["top5_hits"] >= row["top1_hits"]
