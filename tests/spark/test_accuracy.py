"""Accuracy and confusion: every count against brute force, every share with its n, nothing covered by accident."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from statsmodels.stats.proportion import proportion_confint  # type: ignore[import-untyped]
from table_rows import sorted_rows, table_of

from imagelake.errors import ImageLakeError
from imagelake.tables import TABLES
from imagelake.transforms.accuracy.confusion import confuse, describe_confusions, worst_confusions
from imagelake.transforms.accuracy.label_accuracy import (
    check_class_names,
    count_outcomes,
    judge_predictions,
    measure_labels,
)
from imagelake.transforms.accuracy.overall_accuracy import accuracy_notes
from imagelake.transforms.labels.label_classes import LabelClasses

NAMES = ("lion", "tabby", "beagle", "pug", "crane", "crane (machine)", "sofa", "lamp")
MEANINGS = LabelClasses(
    class_names=NAMES,
    classes={
        "Lion": frozenset({0}),
        "Cat": frozenset({0, 1}),
        "Dog": frozenset({2, 3}),
        "crane": frozenset({5}),
        "Okapi": frozenset(),
    },
    label_of={0: "Lion", 1: "Cat", 2: "Dog", 3: "Dog", 5: "crane"},
)
LABELS = ("Lion", "Cat", "Dog", "crane", "Okapi", "Unheard of")


def prediction(image_id: str, best_five: Iterable[int], score: float = 0.9) -> dict[str, Any]:
    """A row of predictions whose best five classes are these, the best with this score."""
    classes = list(best_five)
    return {
        "image_id": image_id,
        "top_classes": classes,
        "top_names": [NAMES[index] for index in classes],
        "top_scores": [score] + [0.0] * (len(classes) - 1),
        "features": [1.0, 0.0],
    }


def labels_of(spark: SparkSession, pairs: Iterable[tuple[str, str]]) -> DataFrame:
    """Clean labels from pairs of image and label."""
    rows = [{"image_id": image_id, "label_id": f"/m/{label}", "label": label} for image_id, label in pairs]
    return table_of(spark, "labels_clean", rows)


def judge(spark: SparkSession, pairs: Iterable[tuple[str, str]], predicted: Iterable[Mapping[str, Any]]) -> DataFrame:
    """The judged rows of these labels and predictions."""
    return judge_predictions(labels_of(spark, pairs), table_of(spark, "predictions", predicted), MEANINGS).persist()


def by_label(frame: DataFrame) -> dict[str, dict[str, Any]]:
    """The rows of label_accuracy by label."""
    return {row["label"]: row.asDict() for row in TABLES["label_accuracy"].conform(frame).collect()}


def random_lake(seed: int, images: int) -> tuple[list[tuple[str, str]], list[dict[str, Any]]]:
    """Labels, one of them on nearly every image, and predictions: some missing, some undecodable, many equal scores."""
    draw = random.Random(seed)
    ids = [f"i{n:04}" for n in range(images)]
    pairs = [(i, label) for i in ids for label in sorted({"Cat", draw.choice(LABELS)}) if draw.random() < 0.95]
    predicted = [
        prediction(i, draw.sample(range(len(NAMES)), 6), draw.choice([0.5, 0.75, draw.random()]))
        | ({"error": "truncated"} if draw.random() < 0.1 else {})
        for i in ids
        if draw.random() < 0.9
    ]
    return pairs, predicted


def brute_force(
    pairs: list[tuple[str, str]], predicted: list[dict[str, Any]]
) -> tuple[dict[str, Counter[str]], dict[tuple[str, str], list[tuple[float, str]]]]:
    """Counts by label, and for each label and answer the negated score and id of each image."""
    rows = {row["image_id"]: row for row in predicted}
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    cells: dict[tuple[str, str], list[tuple[float, str]]] = defaultdict(list)
    for image_id, label in pairs:
        row, classes = rows.get(image_id), MEANINGS.classes.get(label, frozenset())
        if row is None or "error" in row:
            counts[label]["not_predicted" if row is None else "undecodable"] += 1
            continue
        best, *_ = row["top_classes"]
        answer = label if best in classes else MEANINGS.label_of.get(best, NAMES[best])
        if answer == label and best not in classes:
            answer = f"{NAMES[best]} (class {best})"
        counts[label].update(
            {"images": 1, "top1": best in classes, "top5": bool(classes & set(row["top_classes"][:5]))}
        )
        cells[label, answer].append((-row["top_scores"][0], image_id))
    return counts, cells


@pytest.mark.parametrize("images", [0, 1, 400])
def test_label_accuracy_is_that_of_brute_force(spark: SparkSession, images: int) -> None:
    """Counts, shares, intervals by a second library, coverage and class names of every label; also of no image."""
    pairs, predicted = random_lake(1, images)
    counts, _ = brute_force(pairs, predicted)
    found = by_label(measure_labels(judge(spark, pairs, predicted), MEANINGS, 0.9))
    assert found.keys() == counts.keys()
    for label, row in found.items():
        classes, n = sorted(MEANINGS.classes.get(label, ())), counts[label]["images"]
        assert (row["images"], row["undecodable"]) == (n, counts[label]["undecodable"])
        assert (row["covered"], row["classes"]) == (bool(classes), [NAMES[index] for index in classes])
        for top in ("top1", "top5"):
            hits = counts[label][top] if classes else None
            assert row[f"{top}_images"] == hits
            share = (row[f"{top}_low"], row[top], row[f"{top}_high"])
            if hits is None or n == 0:
                assert share == (None, None, None)
            else:
                low, high = proportion_confint(hits, n, alpha=0.1, method="wilson")
                assert share == pytest.approx((low, hits / n, high), abs=1e-12)


@pytest.mark.parametrize("images", [0, 1, 400])
def test_confusion_is_that_of_brute_force(spark: SparkSession, images: int) -> None:
    """Every answer to every label: how often, its share of the label, and the surest images first."""
    pairs, predicted = random_lake(2, images)
    counts, cells = brute_force(pairs, predicted)
    table = TABLES["confusion"].conform(confuse(judge(spark, pairs, predicted), MEANINGS.covered, 3))
    found = {(row["label"], row["predicted"]): row for row in table.collect()}
    assert table.count() == len(found)
    assert found.keys() == cells.keys()
    for (label, answer), row in found.items():
        members = sorted(cells[label, answer])
        assert row["images"] == len(members)
        assert row["share"] == pytest.approx(len(members) / counts[label]["images"])
        assert row["correct"] == (answer == label)
        assert row["covered"] == bool(MEANINGS.classes.get(label))
        assert row["examples"] == [image_id for _, image_id in members[:3]]


def test_repartitioning_changes_nothing(spark: SparkSession) -> None:
    """One partition or thirteen: the same accuracy, confusion and examples."""
    pairs, predicted = random_lake(3, 200)
    labels, table = labels_of(spark, pairs), table_of(spark, "predictions", predicted)
    one = judge_predictions(labels.repartition(1), table.repartition(1), MEANINGS)
    many = judge_predictions(labels.repartition(13), table.repartition(7), MEANINGS)
    assert sorted_rows(measure_labels(one, MEANINGS, 0.95)) == sorted_rows(measure_labels(many, MEANINGS, 0.95))
    assert sorted_rows(confuse(one, MEANINGS.covered, 5)) == sorted_rows(confuse(many, MEANINGS.covered, 5))


def test_planted_confusion_is_found(spark: SparkSession) -> None:
    """Of ten lions three are called a beagle: top-1 is 7 of 10, and the surest of the three stands first.

    Ten okapis are called all sorts of things, which is no mistake of a model that does not know them.
    """
    pairs = [(f"i{n}", label) for n in range(10) for label in ("Lion", "Okapi")]
    predicted = [prediction(f"i{n}", (2, 0, 6) if n < 3 else (0, 6, 7), score=0.6 + n / 100) for n in range(10)]
    judged = judge(spark, pairs, predicted)
    row = by_label(measure_labels(judged, MEANINGS, 0.95))["Lion"]
    assert (row["top1_images"], row["top1"], row["top5_images"]) == (7, 0.7, 10)
    confusion = confuse(judged, MEANINGS.covered, 5)
    cells = {row["predicted"]: row for row in confusion.where("label = 'Lion'").collect()}
    assert cells.keys() == {"Lion", "Dog"}
    assert (cells["Dog"]["images"], cells["Dog"]["examples"]) == (3, ["i2", "i1", "i0"])
    assert describe_confusions(confusion) == "Lion taken for Dog: 3 (30%)"


def test_the_sixth_class_does_not_count_as_top_5(spark: SparkSession) -> None:
    """More classes may be kept than five; only the best five count."""
    found = by_label(
        measure_labels(
            judge(
                spark,
                [("fifth", "Lion"), ("sixth", "Cat")],
                [prediction("fifth", (7, 6, 5, 4, 0, 3)), prediction("sixth", (7, 6, 5, 4, 3, 1))],
            ),
            MEANINGS,
            0.95,
        )
    )
    assert (found["Lion"]["top5_images"], found["Cat"]["top5_images"]) == (1, 0)


def test_an_image_counts_for_each_of_its_labels(spark: SparkSession) -> None:
    """A lion that is labelled Lion, Cat and Dog is right for the first two, and each counts it once."""
    pairs = [("i1", "Lion"), ("i1", "Cat"), ("i1", "Dog")]
    judged = judge(spark, [*pairs, ("i1", "Lion")], [prediction("i1", (0, 6))])
    found = by_label(measure_labels(judged, MEANINGS, 0.95))
    assert {label: row["top1_images"] for label, row in found.items()} == {"Lion": 1, "Cat": 1, "Dog": 0}
    assert {label: row["images"] for label, row in found.items()} == {"Lion": 1, "Cat": 1, "Dog": 1}


def test_an_uncovered_label_is_never_zero(spark: SparkSession) -> None:
    """No class means it: no share at all, though what the model said of its images is told."""
    judged = judge(spark, [("i1", "Okapi"), ("i2", "Unheard of")], [prediction(i, (6, 7)) for i in ("i1", "i2")])
    for row in by_label(measure_labels(judged, MEANINGS, 0.95)).values():
        assert (row["images"], row["covered"], row["classes"]) == (1, False, [])
        assert {row[f"{top}{part}"] for top in ("top1", "top5") for part in ("", "_images", "_low", "_high")} == {None}
    rows = confuse(judged, MEANINGS.covered, 5).collect()
    assert {(row["label"], row["predicted"], row["correct"], row["covered"]) for row in rows} == {
        ("Okapi", "sofa", False, False),
        ("Unheard of", "sofa", False, False),
    }


def test_a_class_of_the_labels_name_that_does_not_mean_it_is_told_apart(spark: SparkSession) -> None:
    """The label crane means the machine: the class that is called crane is a mistake, in a row of its own."""
    judged = judge(spark, [("i1", "crane"), ("i2", "crane")], [prediction("i1", (4, 0)), prediction("i2", (5, 0))])
    rows = {row["predicted"]: row["correct"] for row in confuse(judged, MEANINGS.covered, 5).collect()}
    assert rows == {"crane": True, "crane (class 4)": False}


def test_pairs_are_measured_or_have_a_reason(spark: SparkSession) -> None:
    """Seen, undecodable and not predicted pairs add up to all."""
    pairs, predicted = random_lake(4, 100)
    judged = judge(spark, pairs, predicted)
    counts, _ = brute_force(pairs, predicted)
    total, seen, reasons = count_outcomes(measure_labels(judged, MEANINGS, 0.95), judged)
    totals = sum(counts.values(), Counter())
    assert (seen, reasons) == (totals["images"], {key: totals[key] for key in ("undecodable", "not_predicted")})
    assert seen + sum(reasons.values()) == total == len(set(pairs))


def test_the_summary_pools_and_averages(spark: SparkSession) -> None:
    """Of 90 lions 90 and of 10 dogs 5 are right: 0.95 of the images, 0.75 as the mean of the labels.

    Nobody has seen the one cat, which therefore counts in no mean.
    """
    pairs = [(f"i{n}", "Lion" if n < 90 else "Dog") for n in range(100)] + [("i0", "Okapi"), ("unseen", "Cat")]
    predicted = [prediction(f"i{n}", (0, 2) if n < 95 else (2, 6)) for n in range(100)]
    accuracy = measure_labels(judge(spark, pairs, predicted), MEANINGS, 0.95)
    notes = accuracy_notes(accuracy.toPandas())
    low, high = proportion_confint(95, 100, method="wilson")
    assert notes["labels covered by the model"] == "3 of 4"
    assert notes["not covered, so not judged"] == "Okapi"
    assert notes["top-1, every image alike"] == f"0.950 ({low:.3f} to {high:.3f} at 95%) of 100 images"
    assert notes["top-1, every label alike"].startswith("0.750 (")
    assert notes["top-1, every label alike"].endswith("at 95%) of 2 labels")
    assert notes["top-5, every image alike"].startswith("1.000 (")


@pytest.mark.parametrize("level", [0.8, 0.99])
def test_every_row_says_the_level_of_its_intervals(spark: SparkSession, level: float) -> None:
    """Covered or not, so that whoever reads the table, and the summary over it, need no configuration."""
    judged = judge(spark, [("i1", "Lion"), ("i1", "Okapi")], [prediction("i1", (0, 6))])
    accuracy = measure_labels(judged, MEANINGS, level)
    assert [row["level"] for row in accuracy.collect()] == [level, level]
    low, high = proportion_confint(1, 1, 1 - level, method="wilson")
    share = f"1.000 ({low:.3f} to {high:.3f} at {level:.0%})"
    assert accuracy_notes(accuracy.toPandas())["top-1, every image alike"] == f"{share} of 1 images"


def test_the_worst_confusions_come_by_images_then_by_share(spark: SparkSession) -> None:
    """Of two mistakes of three images each, three of four say more than three of ten; others go by name."""
    cells = [("Lion", "Dog", 3, 0.3), ("Owl", "Cat", 3, 0.75), ("Dog", "Owl", 2, 1.0), ("Cat", "Owl", 2, 1.0)]
    wrong = [
        {"label": label, "predicted": predicted, "correct": False, "covered": True, "images": images, "share": share}
        for label, predicted, images, share in cells
    ]
    right = wrong[0] | {"predicted": "Lion", "correct": True, "images": 9}
    unknown = wrong[0] | {"label": "Okapi", "covered": False, "images": 9}
    worst = worst_confusions(table_of(spark, "confusion", [right, unknown, *wrong]), 3)
    assert [row["label"] for row in worst.collect()] == ["Owl", "Lion", "Cat"]


def test_a_broader_or_narrower_label_is_no_mistake(spark: SparkSession) -> None:
    """A lion taken for a carnivore is not listed among the worst confusions, one taken for a dog is."""
    cells = [("Lion", "Carnivore", True, 9), ("Lion", "Dog", False, 2)]
    rows = [
        {"label": label, "predicted": predicted, "correct": False, "same_branch": near, "covered": True, "images": n}
        for label, predicted, near, n in cells
    ]
    assert [row["predicted"] for row in worst_confusions(table_of(spark, "confusion", rows), 3).collect()] == ["Dog"]


def test_the_summary_of_nothing_has_no_shares(spark: SparkSession) -> None:
    """No label, or none that is covered, gives no division by nothing."""
    nothing = measure_labels(judge(spark, [], []), MEANINGS, 0.95)
    assert accuracy_notes(nothing.toPandas()) == {"labels covered by the model": "0 of 0"}
    assert describe_confusions(confuse(judge(spark, [], []), MEANINGS.covered, 5)) == ""


@pytest.mark.parametrize("names", [("lion", "cat"), ("lion",)])
def test_predictions_of_another_model_are_refused(spark: SparkSession, names: tuple[str, ...]) -> None:
    """Classes that are called otherwise, or that there are fewer of, end the job; the message says what to run."""
    predictions = table_of(spark, "predictions", [prediction("i1", (1, 0)), {"image_id": "i2", "error": "truncated"}])
    check_class_names(predictions, NAMES)
    with pytest.raises(ImageLakeError, match=r"class 1 'tabby'.*predict_images"):
        check_class_names(predictions, names)
