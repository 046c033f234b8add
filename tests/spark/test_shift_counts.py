"""What is counted of two sets, against pandas and the plain functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from imagelake.config import load_config
from imagelake.measures.shift.confidence import ScoreCounts, known_classes
from imagelake.measures.shift.moments import Moments
from imagelake.transforms.shift.figures import measure_set, outcomes_of
from imagelake.transforms.shift.groups_between import groups_between
from imagelake.transforms.shift.outcome_counts import (
    Duplicates,
    Pairs,
    count_duplicates,
    count_pairs,
    count_scores,
)
from imagelake.transforms.shift.probabilities import sample_probabilities
from imagelake.transforms.shift.property_counts import count_properties
from imagelake.transforms.shift.sets import ShiftSet, set_of_rows

Rows = Sequence[tuple[str, ...]]
RULES = load_config([], ['shift.property_columns=["width", "format"]']).shift


def planted(seed: int, n: int, start: int = 0) -> pd.DataFrame:
    """Images with everything that a file may say of them."""
    draw = np.random.default_rng(seed)
    labels = draw.integers(0, 3, n)
    scores = draw.dirichlet(np.ones(3), n)
    return pd.DataFrame(
        {
            "image_id": [f"i{number}" for number in range(start, start + n)],
            "label": labels.astype(str),
            "prediction": scores.argmax(axis=1).astype(str),
            "score": scores.max(axis=1),
            "probabilities": scores.tolist(),
            "features": draw.normal(size=(n, 4)).astype(np.float32).tolist(),
            "width": draw.normal(300, 40, n),
            "format": draw.choice(["JPEG", "PNG"], n),
            "selected": draw.integers(0, 11, n),
            "voters": 10,
        }
    )


@pytest.fixture(scope="module")
def frames(spark: SparkSession) -> Mapping[str, Any]:
    """Two sets of which 90 images pair, as pandas and as Spark have them."""
    one, other = planted(1, 100), planted(2, 95, start=5)
    return {"one": (one, spark.createDataFrame(one)), "other": (other, spark.createDataFrame(other))}


def test_scores_are_counted_as_the_plain_function_counts(frames: Mapping[str, Any]) -> None:
    """Bins, right ones and the sum of scores, by whether another image has the predicted class as its label."""
    rows, frame = frames["one"]
    outcomes = set_of_rows("one", frame, RULES).outcomes
    assert outcomes is not None
    right = rows["label"] == rows["prediction"]
    for labels, own in (({}, True), ({"0": 1, "1": 30}, True), ({"0": 1, "1": 30}, False)):
        found = count_scores(outcomes, labelled=True, labels=labels, own=own)["model"]
        known = known_classes(rows["prediction"], labels, rows["label"] if own else None) if labels else None
        wanted = ScoreCounts.of(rows["score"], right, known)
        np.testing.assert_array_equal(found.images, wanted.images)
        np.testing.assert_array_equal(found.right, wanted.right)
        assert found.total == pytest.approx(wanted.total)


def test_pairs_are_images_of_both_sets(frames: Mapping[str, Any]) -> None:
    """By image and label; where fewer than nine tenths pair there are none."""
    (one, first), (other, _) = frames["one"], frames["other"]
    same = other.merge(one[["image_id", "label"]], on="image_id", suffixes=("_own", "")).drop(columns="label_own")
    after = first.sparkSession.createDataFrame(same)
    sets = [set_of_rows("one", first, RULES).outcomes, set_of_rows("other", after, RULES).outcomes]
    found = count_pairs(*(outcomes for outcomes in sets if outcomes is not None))
    joined = one.merge(same, on="image_id")
    was, became = joined["label_x"] == joined["prediction_x"], joined["label_y"] == joined["prediction_y"]
    cells = ((was & became).sum(), (was & ~became).sum(), (~was & became).sum(), (~was & ~became).sum())
    assert found == {"model": Pairs(*map(int, cells))}
    few = set_of_rows("few", after.limit(60), RULES).outcomes
    assert few is not None
    assert sets[0] is not None
    assert count_pairs(sets[0], few) == {}


def test_properties_have_moments_and_strata(frames: Mapping[str, Any]) -> None:
    """Numbers in ranges of about as many images before, words by value; every image counts once."""
    (one, first), (other, second) = frames["one"], frames["other"]
    before, after = set_of_rows("one", first, RULES), set_of_rows("other", second, RULES)
    assert before.properties is not None
    assert after.properties is not None
    words, width = count_properties(before.properties, after.properties, before.right("model"), 4)
    assert (words.name, width.name) == ("format", "width")
    assert width.before is not None
    wanted = Moments.of(one[["width"]].to_numpy())
    assert (width.before.mean[0], width.before.variance[0]) == pytest.approx((wanted.mean[0], wanted.variance[0]))
    assert width.strata["before"].between(20, 30).all()
    right = one["label"] == one["prediction"]
    for table in (words.strata, width.strata):
        assert (table["before"].sum(), table["after"].sum(), table["labelled"].sum()) == (100, 95, 100)
        assert table["right"].sum() == right.sum()
    assert words.strata.set_index("stratum")["after"].to_dict() == other["format"].value_counts().to_dict()


def test_features_votes_and_probabilities_of_a_set(frames: Mapping[str, Any]) -> None:
    """The pass gives the moments of right and wrong images; votes are grouped; probabilities keep their labels."""
    rows, frame = frames["one"]
    images = set_of_rows("one", frame, RULES)
    found = measure_set(images, outcomes_of(images), "model", wanted=4000)
    assert found.sums is not None
    right = (rows["label"] == rows["prediction"]).to_numpy()
    features = np.array(rows["features"].to_list())
    np.testing.assert_allclose(found.sums.groups["right"].mean, features[right].mean(axis=0), rtol=1e-9)
    assert (found.sums.groups["right"].n, found.sums.whole.n) == (right.sum(), 100)
    assert found.votes is not None
    assert found.votes.images.sum() == 100
    assert found.votes.accuracy == pytest.approx(right.mean())
    sampled = sample_probabilities(images)
    assert sampled is not None
    ordered = rows.sort_values("image_id")
    np.testing.assert_allclose(sampled.values, np.array(ordered["probabilities"].to_list()))
    assert sampled.labels.tolist() == ordered["label"].astype(int).tolist()


def test_duplicates_are_found_by_hash_and_group(spark: SparkSession) -> None:
    """Each image after counts once, however often it is in the set before; near ones where their groups are known."""
    hashes = "image_id string, sha256 string"
    before = spark.createDataFrame([("a", "x"), ("b", "x"), ("c", "y"), ("d", None)], hashes)
    after = spark.createDataFrame([("1", "x"), ("2", "z"), ("3", "x"), ("4", None)], hashes)
    right = spark.createDataFrame([("1", True), ("2", False), ("3", False)], "image_id string, right boolean")
    assert count_duplicates((before, after), None, right) == Duplicates(2, None, 4, 2, 1, 1, 0)
    assert count_duplicates((before, after), None, None) == Duplicates(2, None, 4, 0, 0, 0, 0)
    group = "image_id string, group string"
    known = spark.createDataFrame([("a", "a"), ("d", "d"), ("b", "e")], group)
    found = spark.createDataFrame([("1", "a"), ("2", "d"), ("3", "f"), ("4", "f")], group)
    assert count_duplicates((before, after), (known, found), right) == Duplicates(3, 1, 4, 3, 1, 0, 0)


def test_duplicates_of_two_lakes_are_those_that_an_overlap_names(spark: SparkSession) -> None:
    """By a table of either lake against the other; whoever looks like the image that it names counts, of a split, too.

    A table against some third lake tells nothing, one against the other lake without rows that there are none.
    """

    def lake(root: str, references: Sequence[str], hashes: Rows, pictures: Rows, overlap: Rows = ()) -> ShiftSet:
        def frame(rows: Rows, columns: str) -> DataFrame:
            return spark.createDataFrame(list(rows), columns)

        return ShiftSet(
            root,
            hashes=frame(hashes, "image_id string, sha256 string"),
            lake=root,
            pictures=frame(pictures, "image_id string, picture string"),
            overlap=frame(overlap, "image_id string, reference string, reference_id string"),
            references=references,
        )

    def counted(before: ShiftSet, after: ShiftSet) -> tuple[int, int | None]:
        assert before.hashes is not None
        assert after.hashes is not None
        found = count_duplicates((before.hashes, after.hashes), groups_between(before, after), None)
        return found.images, found.near

    # Of the pictures p, q and r the set before has p and r; its images b and c look the very same.
    mine = [("a", "x"), ("c", "z")], [("a", "p"), ("b", "r"), ("c", "r"), ("d", "q")]
    hashes = [("1", "11"), ("2", "22"), ("3", "33"), ("4", "x")]
    theirs = [("1", "one", "a"), ("2", "one", "b"), ("3", "one", "d"), ("3", "third", "a")]
    assert counted(lake("one", (), *mine), lake("other", ("one", "third"), hashes, [], theirs)) == (3, 2)
    known = [("a", "other", "1"), ("c", "other", "2")]
    looks = [("1", "s"), ("2", "t"), ("3", "t"), ("4", "u")]
    assert counted(lake("one", ("other",), *mine, known), lake("other", (), hashes, looks)) == (4, 3)
    assert counted(lake("one", ("third",), *mine), lake("other", (), hashes, [])) == (1, None)
    assert counted(lake("one", ("other",), *mine), lake("other", (), hashes, [])) == (1, 0)


def test_features_of_lakes_are_judged_by_a_join(frames: Mapping[str, Any]) -> None:
    """Where outcomes stand in another table than the features, the moments are the same."""
    _, frame = frames["one"]
    images = set_of_rows("one", frame, RULES)
    assert images.features is not None
    apart: DataFrame = images.features.drop("right")
    joined = type(images)(images.name, images.outcomes, apart, lacks=images.lacks)
    one, other = (measure_set(each, outcomes_of(each), "model", 100).sums for each in (images, joined))
    assert one is not None
    assert other is not None
    assert one.groups.keys() == other.groups.keys()
    np.testing.assert_allclose(one.groups["wrong"].variance, other.groups["wrong"].variance, rtol=1e-12)
