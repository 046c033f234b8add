"""Cleaning: every label row is kept or has exactly one reason, the first that applies."""

from __future__ import annotations

from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession

from imagelake.config import CleanSection, load_config
from imagelake.errors import ImageLakeError
from imagelake.tables import TABLES
from imagelake.transforms.labels.clean_labels import judge_labels, roll_up
from imagelake.transforms.labels.label_hierarchy import roll_up_targets
from imagelake.transforms.rows.verdicts import count_by_reason, kept, rejected

DEFAULTS: dict[str, Any] = {
    "image_id": "i1",
    "label_id": "/m/lion",
    "label": "Lion",
    "split": "train",
    "origin": "human",
    "source": "verification",
    "confidence": 1.0,
}


def rules(**changes: Any) -> CleanSection:
    return load_config().clean.model_copy(update=changes)


def labels(spark: SparkSession, *rows: dict[str, Any]) -> DataFrame:
    columns = [column.name for column in TABLES["labels"].columns]
    return spark.createDataFrame(
        [tuple({**DEFAULTS, **row}[name] for name in columns) for row in rows], TABLES["labels"].ddl
    )


def images(spark: SparkSession, *ids: str, listed: bool = True) -> DataFrame:
    return spark.createDataFrame([(image_id, listed) for image_id in ids], "image_id string, listed boolean")


def reasons(judged: DataFrame) -> list[str | None]:
    return sorted((row["reason"] for row in judged.collect()), key=str)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ({}, None),
        ({"confidence": 0.990000001}, None),
        ({"confidence": 0.99}, "low_confidence"),
        ({"confidence": 0.0}, "low_confidence"),
        ({"label": None}, "unknown_class"),
        ({"label": None, "image_id": "nowhere", "confidence": 0.1}, "unknown_class"),
        ({"image_id": "nowhere", "confidence": 0.1}, "unknown_image"),
        ({"label": "Tiger", "confidence": 0.1}, "dropped_label"),
    ],
)
def test_a_single_row_gets_the_first_reason_that_applies(
    spark: SparkSession, row: dict[str, Any], reason: str | None
) -> None:
    """Reasons apply in their documented order, and the threshold itself is not above the threshold."""
    judged = judge_labels(labels(spark, row), images(spark, "i1"), rules(drop_labels=("Tiger",)))
    assert reasons(judged) == [reason]


def test_the_best_of_duplicate_rows_stays(spark: SparkSession) -> None:
    """Of equal image and label the highest confidence stays, then human before machine."""
    judged = judge_labels(
        labels(
            spark,
            {"confidence": 0.995, "origin": "machine"},
            {"confidence": 1.0, "origin": "machine"},
            {"confidence": 1.0, "origin": "human"},
        ),
        images(spark, "i1"),
        rules(),
    )
    assert [(row["confidence"], row["origin"]) for row in kept(judged).collect()] == [(1.0, "human")]
    assert count_by_reason(rejected(judged)) == {"duplicate": 2}


def test_a_contradiction_rejects_all_its_rows(spark: SparkSession) -> None:
    """A denied and affirmed label is not trusted either way; a denied one with a weak second row is only low."""
    judged = judge_labels(
        labels(
            spark,
            {"confidence": 1.0},
            {"confidence": 0.0},
            {"confidence": 0.5},
            {"image_id": "i2", "confidence": 0.0},
            {"image_id": "i2", "confidence": 0.98},
        ),
        images(spark, "i1", "i2"),
        rules(),
    )
    assert count_by_reason(rejected(judged)) == {"contradictory": 3, "low_confidence": 2}


def test_no_row_is_lost_whatever_the_partitions(spark: SparkSession) -> None:
    """Kept and rejected rows add up to the input, and repartitioning changes no verdict."""
    frame = labels(
        spark,
        *(
            {"image_id": f"i{n % 7}", "label_id": f"/m/{n % 3}", "confidence": (n % 5) / 4, "source": f"s{n % 4}"}
            for n in range(200)
        ),
    )
    known = images(spark, *(f"i{n}" for n in range(5)))
    one = judge_labels(frame.repartition(1), known, rules())
    many = judge_labels(frame.repartition(13), known, rules())
    assert sorted(map(tuple, one.fillna("", "reason").collect())) == sorted(
        map(tuple, many.fillna("", "reason").collect())
    )
    assert kept(one).count() + rejected(one).count() == 200
    assert kept(one).groupBy("image_id", "label_id").count().where("count > 1").count() == 0


def test_unlisted_bytes_do_not_make_an_image_known(spark: SparkSession) -> None:
    """An image that no list names is unknown even if its bytes are there, unless the rules keep it."""
    frame, unlisted = labels(spark, {}), images(spark, "i1", listed=False)
    assert reasons(judge_labels(frame, unlisted, rules())) == ["unknown_image"]
    assert reasons(judge_labels(frame, unlisted, rules(unknown_images="keep"))) == [None]


def test_an_empty_table_stays_empty(spark: SparkSession) -> None:
    """No labels in, no labels out, and no error."""
    judged = judge_labels(labels(spark).limit(0), images(spark, "i1"), rules())
    assert reasons(judged) == []


def test_rolling_up_merges_descendants_into_duplicates(spark: SparkSession) -> None:
    """A lion and a tiger on one image, rolled up to Animal, are one label and one duplicate."""
    frame = labels(spark, {}, {"label_id": "/m/tiger", "label": "Tiger"})
    rolled = roll_up(frame, {"/m/lion": ("/m/animal", "Animal"), "/m/tiger": ("/m/animal", "Animal")})
    assert reasons(judge_labels(rolled, images(spark, "i1"), rules())) == [None, "duplicate"]
    assert {row["label"] for row in rolled.collect()} == {"Animal"}


HIERARCHY = [
    ("/m/0", "Entity", None, None, "subcategory", 0),
    ("/m/a", "Animal", "/m/0", "Entity", "subcategory", 1),
    ("/m/b", "Bird", "/m/a", "Animal", "subcategory", 2),
    ("/m/o", "Owl", "/m/b", "Bird", "subcategory", 3),
    ("/m/w", "Wing", "/m/b", "Bird", "part", 3),
]


def test_roll_up_follows_the_hierarchy_to_the_nearest_chosen_label(spark: SparkSession) -> None:
    """An owl counts as the deepest chosen label above it, a part as none, and the chosen label as itself."""
    hierarchy = spark.createDataFrame(HIERARCHY, TABLES["hierarchy"].ddl)
    classes = spark.createDataFrame([("/m/b", "Bird", True)], TABLES["classes"].ddl)
    assert roll_up_targets(hierarchy, classes, ["Animal", "Bird"]) == {
        "/m/b": ("/m/a", "Animal"),
        "/m/o": ("/m/b", "Bird"),
    }
    assert roll_up_targets(hierarchy, classes, []) == {}
    with pytest.raises(ImageLakeError, match=r"clean\.roll_up_to: 'Brid'\. Did you mean 'Bird'"):
        roll_up_targets(hierarchy, classes, ["Brid"])
