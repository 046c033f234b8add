"""Quality and rank: every figure against brute force, every image placed once, whatever the partitions."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from typing import Any

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from scipy.stats import percentileofscore  # type: ignore[import-untyped]
from table_rows import sorted_rows, table_of

from imagelake.config import RankSection, load_config
from imagelake.measures.resolution import aspect_ratio, bytes_per_pixel, ppi
from imagelake.measures.texture import Texture
from imagelake.tables import TABLES
from imagelake.transforms.rank.image_kinds import image_kinds
from imagelake.transforms.rank.image_quality import (
    add_decoding_errors,
    combine_quality,
    judge_sizes,
    measure_images,
    percentile_ranks,
)
from imagelake.transforms.rank.image_rank import rank_images, top_images
from imagelake.transforms.rows.row_numbers import add_row_numbers
from imagelake.transforms.rows.verdicts import count_by_reason, kept, rejected

IMAGE = {"image_id": "i1", "split": "train", "width": 300, "height": 200, "byte_size": 900, "has_bytes": True}
SIDES = (64, 224, 224, 300, 1024, 60_000)  # the last squared is more than 32 bits hold


@pytest.fixture
def _split_small_data(spark: SparkSession) -> Iterator[None]:
    """Keep small data in several partitions: Spark would join them into one and hide what crosses partitions."""
    key = "spark.sql.adaptive.coalescePartitions.enabled"
    spark.conf.set(key, "false")
    yield
    spark.conf.unset(key)


def rules(**changes: Any) -> RankSection:
    """The default ranking with some settings changed."""
    return load_config().rank.model_copy(update=changes)


def random_images(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """Images with many equal sizes, both ways round."""
    draw = random.Random(seed)
    return [
        IMAGE
        | {
            "image_id": f"i{n:05}",
            "width": draw.choice(SIDES),
            "height": draw.choice(SIDES),
            "byte_size": draw.choice([None, 900, draw.randrange(1, 10**6)]),
        }
        for n in range(count)
    ]


def random_textures(images: list[dict[str, Any]], seed: int = 2) -> list[dict[str, Any]]:
    """Predictions of nine images in ten; a tenth of those could not be decoded."""
    draw = random.Random(seed)
    return [
        {"image_id": image["image_id"]}
        | ({"error": "truncated"} if draw.random() < 0.1 else {"entropy": draw.choice([0.0, draw.uniform(3, 8)]),
                                                               "gradient": draw.choice([0.0, draw.uniform(0, 60)]),
                                                               "sharpness": draw.uniform(0, 900)})
        for image in images
        if draw.random() < 0.9
    ]  # fmt: skip


def quality_of(spark: SparkSession, images: list[dict[str, Any]], textures: list[dict[str, Any]]) -> DataFrame:
    """The image_quality table of these images."""
    measured = measure_images(table_of(spark, "images", images), table_of(spark, "predictions", textures))
    return combine_quality(measured)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({}, None),
        ({"has_bytes": False, "width": None, "height": None}, "no_bytes"),
        ({"has_bytes": False, "error": "truncated"}, "no_bytes"),
        ({"error": "truncated"}, "truncated"),
        ({"width": None}, "no_size"),
        ({"height": 0}, "no_size"),
        ({"width": -5}, "no_size"),
    ],
)
def test_an_image_without_size_has_a_reason(spark: SparkSession, change: dict[str, Any], reason: str | None) -> None:
    """No bytes come before the decoder's error, and that before a size that is none."""
    judged = judge_sizes(table_of(spark, "images", [IMAGE | change]))
    assert [row["reason"] for row in judged.collect()] == [reason]


def test_an_image_whose_pixels_cannot_be_decoded_has_that_reason(spark: SparkSession) -> None:
    """A sound header does not make a sound image; the header's own error comes first, an unpredicted image has none."""
    images = [IMAGE | {"image_id": "a"}, IMAGE | {"image_id": "b", "error": "bomb"}, IMAGE | {"image_id": "c"}]
    errors = [{"image_id": image_id, "error": "truncated"} for image_id in ("a", "b", "elsewhere")]
    judged = judge_sizes(add_decoding_errors(table_of(spark, "images", images), table_of(spark, "predictions", errors)))
    assert {row["image_id"]: row["reason"] for row in judged.collect()} == {"a": "truncated", "b": "bomb", "c": None}


def test_every_image_is_kept_or_has_a_reason(spark: SparkSession) -> None:
    """The kept ones and the counts of reasons add up to the images."""
    changes: list[dict[str, Any]] = [{}, {}, {"has_bytes": False}, {"error": "truncated"}, {"height": None}]
    judged = judge_sizes(table_of(spark, "images", [IMAGE | change for change in changes]))
    assert kept(judged).count() == 2
    assert count_by_reason(rejected(judged)) == {"no_bytes": 1, "no_size": 1, "truncated": 1}


def test_measures_are_those_of_the_plain_functions(spark: SparkSession) -> None:
    """Spark's columns give what the functions give for numbers, nulls where there is no prediction or no file size."""
    images = random_images(60)
    textures = {row["image_id"]: row for row in random_textures(images)}
    rows = quality_of(spark, images, list(textures.values())).collect()
    assert len(rows) == len(images)
    for row, image in zip(sorted(rows), images, strict=True):
        width, height, byte_size = image["width"], image["height"], image["byte_size"]
        texture = textures.get(image["image_id"], {})
        assert row["image_id"] == image["image_id"]
        assert row["pixels"] == width * height
        assert row["ppi"] == pytest.approx(ppi(width, height), rel=1e-14)
        assert row["aspect_ratio"] == aspect_ratio(width, height)
        assert row["bytes_per_pixel"] == (byte_size and bytes_per_pixel(byte_size, width * height))
        assert all(row[measure] == texture.get(measure) for measure in Texture._fields)


def test_quality_has_the_columns_of_its_table(spark: SparkSession) -> None:
    """The contract takes the frame as it is once kinds are joined, empty or not."""
    kinds = image_kinds(table_of(spark, "predictions", []), table_of(spark, "boxes", [])).table
    for images in ([], [IMAGE]):
        quality = quality_of(spark, images, []).join(kinds, "image_id", how="left")
        assert TABLES["image_quality"].conform(quality).count() == len(images)


def test_percentile_ranks_are_those_of_scipy(spark: SparkSession) -> None:
    """Half of the equal values count as below: percentileofscore's kind mean, on values of three digits."""
    draw = random.Random(3)
    values = [draw.choice([draw.randrange(8000) / 1000, 1.5]) for _ in range(500)] + [None] * 30
    frame = spark.createDataFrame([(value,) for value in values], "entropy double")
    found = {row[0]: row[1] for row in percentile_ranks(frame, "entropy").collect()}
    known = [value for value in values if value is not None]
    assert found.keys() == {round(value * 1000) for value in known}
    for value in known:
        assert found[round(value * 1000)] == pytest.approx(percentileofscore(known, value, kind="mean") / 100)


def test_quality_is_the_mean_of_the_percentile_ranks(spark: SparkSession) -> None:
    """Brute force over rounded values; null where one of the three is unknown."""
    images = random_images(80)
    rows = quality_of(spark, images, random_textures(images)).collect()

    def percentile(row: Any, measure: str) -> float:
        steps = [math.floor(other[measure] * 1000 + 0.5) for other in rows if other[measure] is not None]
        return float(percentileofscore(steps, math.floor(row[measure] * 1000 + 0.5), kind="mean")) / 100

    assert any(row["entropy"] is None for row in rows)
    for row in rows:
        if row["entropy"] is None:
            assert row["quality"] is None
        else:
            mean = sum(percentile(row, measure) for measure in ("ppi", "entropy", "gradient")) / 3
            assert row["quality"] == pytest.approx(mean)
            assert 0 < row["quality"] < 1


def test_a_single_image_is_of_middling_quality(spark: SparkSession) -> None:
    """Half of the images equal to it are below it, and there is no other."""
    (row,) = quality_of(spark, [IMAGE], [{"image_id": "i1", "entropy": 7.0, "gradient": 9.0}]).collect()
    assert row["quality"] == 0.5


@pytest.mark.usefixtures("_split_small_data")
@pytest.mark.parametrize("groups", [["a"], ["a", "b", None], ["a"] * 99 + ["b"], [str(n) for n in range(300)]], ids=len)
def test_places_are_those_of_sorting_each_group(spark: SparkSession, groups: list[str | None]) -> None:
    """One group, several with null among them, one with 99 of 100 rows, and more groups than rows a partition."""
    draw = random.Random(4)
    rows = [(n, draw.choice(groups), draw.randrange(50)) for n in range(1000)]
    frame = spark.createDataFrame(draw.sample(rows, len(rows)), "id int, kind string, value int").repartition(7)
    placed = add_row_numbers(frame, "place", [F.desc("value"), F.col("id")], within=["kind"])
    expected = set()
    for group in set(groups):
        members = sorted((-value, n) for n, kind, value in rows if kind == group)
        expected |= {(n, group, -negated, place) for place, (negated, n) in enumerate(members, 1)}
    assert {tuple(row) for row in placed.collect()} == expected
    assert placed.columns == ["id", "kind", "value", "place"]


@pytest.mark.usefixtures("_split_small_data")
def test_no_task_places_all_rows(spark: SparkSession) -> None:
    """Neither an order over all rows nor a group with 99 of 100 of them ends up in one partition."""
    frame = spark.range(20_000).selectExpr("xxhash64(id) AS id", "if(id % 100 = 0, 'rare', 'common') AS kind")
    for within in ([], ["kind"]):
        placed = add_row_numbers(frame, "place", [F.col("id")], within)
        largest = placed.groupBy(F.spark_partition_id()).count().agg(F.max("count")).collect()[0][0]
        assert largest < 20_000 / 2


def test_places_of_nothing_and_of_one_row(spark: SparkSession) -> None:
    """No rows have no places, and one row is the first."""
    frame = spark.createDataFrame([(5,)], "id int")
    assert add_row_numbers(frame.limit(0), "place", [F.col("id")]).collect() == []
    assert [tuple(row) for row in add_row_numbers(frame, "place", [F.col("id")]).collect()] == [(5, 1)]


def random_quality(count: int) -> list[dict[str, Any]]:
    """Rows of image_quality with many equal values and some unknown ones."""
    draw = random.Random(6)
    return [
        {
            "image_id": f"i{n:05}",
            "split": draw.choice(["train", "test"]),
            "ppi": draw.choice([8.0, 17.8, 20.5, 35.78]),
            "byte_size": draw.randrange(1, 30),
            "quality": draw.choice([None, draw.randrange(20) / 20]),
        }
        for n in range(count)
    ]


def distance(value: float | None, ranking: RankSection) -> tuple[bool, float]:
    """What sorts images: the unknown last, the best first."""
    if value is None:
        return True, 0.0
    return False, {"largest": -value, "smallest": value, "nearest": abs(value - ranking.target)}[ranking.order]


@pytest.mark.usefixtures("_split_small_data")
@pytest.mark.parametrize(
    "change",
    [
        {"measure": "ppi", "order": "largest"},
        {"measure": "byte_size", "order": "smallest", "select_ranks": (2, 3), "select_ppi": (17.8, 20.5)},
        {"measure": "quality", "order": "nearest", "target": 0.5},
    ],
    ids=lambda change: f"{change['measure']}-{change['order']}",
)
def test_ranks_are_those_of_sorting(spark: SparkSession, change: dict[str, Any]) -> None:
    """Overall and within each label, one of which has most rows: best first, the unknown last, ties by image_id."""
    ranking, draw, quality = rules(**change), random.Random(5), random_quality(300)
    labels = [
        {"image_id": row["image_id"], "label": label, "label_id": f"/m/{label}"}
        for row in quality[:270]
        for label in sorted({"Animal", draw.choice(["Animal", "Animal", "Lion", "Owl"])})
    ]
    frame = table_of(spark, "image_quality", quality).repartition(5)
    rows = rank_images(frame, table_of(spark, "labels_clean", labels), ranking).collect()

    def order(row: Any) -> tuple[tuple[bool, float], str]:
        return distance(row["value"], ranking), row["image_id"]

    by_id = {row["image_id"]: row for row in quality}
    assert {(row["image_id"], row["label"]) for row in rows} == {
        *((label["image_id"], label["label"]) for label in labels),
        *((row["image_id"], None) for row in quality[270:]),
    }
    assert len(rows) == len(labels) + 30
    overall = {image_id: place for place, (_, image_id) in enumerate(sorted({order(row) for row in rows}), 1)}
    for row in rows:
        measured = by_id[row["image_id"]]
        assert (row["value"], row["ppi"], row["split"]) == (
            measured[ranking.measure],
            measured["ppi"],
            measured["split"],
        )
        assert row["measure"] == ranking.measure
        assert row["rank"] == overall[row["image_id"]]
        assert row["rank_in_label"] == 1 + sum(o["label"] == row["label"] and order(o) < order(row) for o in rows)
        (first, last), (low, high) = ranking.select_ranks, ranking.select_ppi
        assert row["selected"] == (first <= row["rank_in_label"] <= last and low <= row["ppi"] <= high)


def test_repartitioning_changes_no_rank(spark: SparkSession) -> None:
    """One partition or eleven: the same rows."""
    quality = table_of(spark, "image_quality", random_quality(200))
    labels = table_of(spark, "labels_clean", [{"image_id": f"i{n:05}", "label": f"l{n % 3}"} for n in range(150)])
    one = rank_images(quality.repartition(1), labels.repartition(1), rules())
    many = rank_images(quality.repartition(11), labels.repartition(3), rules())
    assert sorted_rows(one) == sorted_rows(many)
    assert one.count() == 200


def test_labels_of_one_name_rank_an_image_once(spark: SparkSession) -> None:
    """Two label_ids that are displayed alike are one label; a label of an image without quality ranks nothing."""
    labels = [
        {"image_id": "i1", "label_id": "/m/1", "label": "Crane"},
        {"image_id": "i1", "label_id": "/m/2", "label": "Crane"},
        {"image_id": "gone", "label_id": "/m/1", "label": "Crane"},
    ]
    quality = table_of(spark, "image_quality", [{"image_id": "i1", "ppi": 19.0}])
    ranked = rank_images(quality, table_of(spark, "labels_clean", labels), rules())
    assert [(row["image_id"], row["label"], row["rank"], row["rank_in_label"]) for row in ranked.collect()] == [
        ("i1", "Crane", 1, 1)
    ]
    assert TABLES["image_rank"].conform(ranked).columns == [column.name for column in TABLES["image_rank"].columns]


def test_no_images_have_no_ranks(spark: SparkSession) -> None:
    """An empty lake gives an empty table and a summary without images."""
    ranked = rank_images(table_of(spark, "image_quality", []), table_of(spark, "labels_clean", []), rules())
    assert ranked.collect() == []
    assert top_images(ranked) == ""


def test_the_summary_names_the_best_images_once(spark: SparkSession) -> None:
    """An image of two labels stands there once, with its value, and an unknown value is called so."""
    rows = [("i6", "Lion", 1), ("i6", "Animal", 1), *((f"i{6 - n}", None, n + 1) for n in range(1, 7))]
    ranked = table_of(
        spark,
        "image_rank",
        [
            {"image_id": image_id, "label": label, "rank": rank, "value": None if image_id == "i4" else rank * 10.0}
            for image_id, label, rank in rows
        ],
    )
    assert top_images(ranked) == "i6 (10), i5 (20), i4 (unknown), i3 (40), i2 (50)"
