"""Pictures, neighbours and groups in Spark: exact copies are one picture, and partitions change nothing."""

from __future__ import annotations

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from imagelake.search.cells import Cells, neighbours_within
from imagelake.search.scan import HALF
from imagelake.transforms.duplicates.groups import group_images, represent
from imagelake.transforms.duplicates.neighbours import Reach, backgrounds_of, nearest_pictures, pairs_of
from imagelake.transforms.duplicates.pictures import count_copies, number_pictures
from imagelake.transforms.duplicates.spaces import Space
from imagelake.transforms.rows.looks import thumbnail_hash
from imagelake.vision.decode import Decoded
from imagelake.vision.fingerprint import fingerprint_of

IMAGES = "image_id string, split string, sha256 string, has_bytes boolean"
PREDICTIONS = "image_id string, pixel_hash string, thumbnail binary"
QUALITY = "image_id string, ppi double, gradient double"
LOOKS = "picture bigint, side tinyint, features_vector binary, thumbnail_vector binary"
NOBODY = "representative bigint, picture bigint, score double"


def groups_of(spark: SparkSession, copies: DataFrame) -> DataFrame:
    """The groups of exact copies alone."""
    return group_images(copies, spark.createDataFrame([], NOBODY))


def test_blank_images_are_one_group(spark: SparkSession) -> None:
    """30,000 blank images and a picture are two pictures; the largest blank one stands for all, whatever its name."""
    ids = spark.range(30_000).select(F.format_string("%06d", "id").alias("image_id"))
    blank = F.lit(b"\xff" * 3072)
    images = ids.select("image_id", F.lit("all").alias("split"), F.sha2("image_id", 256).alias("sha256"))
    predictions = ids.select("image_id", F.sha2("image_id", 256).alias("pixel_hash"), blank.alias("thumbnail"))
    sizes = F.when(F.col("image_id") == "012345", 99.0).otherwise(20.0)
    quality = ids.select("image_id", sizes.alias("ppi"), F.lit(0.0).alias("gradient"))
    other = spark.createDataFrame([("picture", "all", "s")], "image_id string, split string, sha256 string")
    copies = number_pictures(
        images.unionByName(other).withColumn("has_bytes", F.lit(True)),
        predictions.unionByName(spark.createDataFrame([("picture", "p", b"\0" * 3072)], PREDICTIONS)),
        quality,
    ).persist()
    assert count_copies(copies) == (30_001, 2)
    groups = groups_of(spark, copies).persist()
    assert groups.count() == 30_000
    assert {row["representative_id"] for row in groups.select("representative_id").distinct().collect()} == {"012345"}
    copies.unpersist()
    groups.unpersist()


def test_thumbnails_share_a_hash_where_they_are_equal(spark: SparkSession) -> None:
    """2,000 thumbnails that differ in one level have as many hashes, both halves of them; no thumbnail has none."""
    thumbnails = [bytes(number % 3072) + b"\1" + bytes(3071 - number % 3072) for number in range(2_000)]
    rows = [(thumbnail,) for thumbnail in (*thumbnails, thumbnails[0], None)]
    hashes = [row[0] for row in spark.createDataFrame(rows, "thumbnail binary").select(thumbnail_hash()).collect()]
    assert hashes[-1] is None
    assert hashes[-2] == hashes[0]
    assert {len(value) for value in hashes[:-1]} == {32}
    assert len({value[:16] for value in hashes[:-2]}) == len({value[16:] for value in hashes[:-2]}) == 2_000


def test_copies_in_chest_x_rays(spark: SparkSession, shared_data: Path) -> None:
    """PneumoniaMNIST: 17 groups of equal images within train, 3 within test, and 8 images in train and validation."""
    images, predictions = [], []
    with np.load(shared_data / "lung" / "pneumoniamnist.npz") as arrays:
        for split, name in (("train", "train"), ("validation", "val"), ("test", "test")):
            for number, pixels in enumerate(arrays[f"{name}_images"]):
                image_id = f"{split} {number}"
                image = Image.fromarray(pixels).convert("RGB")
                fingerprint = fingerprint_of(Decoded(image, image.size, 1))
                images.append((image_id, split, hashlib.sha256(image_id.encode()).hexdigest(), True))
                predictions.append((image_id, fingerprint.pixel_hash, fingerprint.thumbnail))
    copies = number_pictures(
        spark.createDataFrame(images, IMAGES),
        spark.createDataFrame(predictions, PREDICTIONS),
        spark.createDataFrame([], QUALITY),
    )
    members: dict[str, Counter[str]] = {}
    rows = groups_of(spark, copies).collect()
    assert {row["evidence"] for row in rows} == {"representative", "pixels"}
    for row in rows:
        members.setdefault(row["representative_id"], Counter())[row["split"]] += 1
    within = Counter(split for splits in members.values() for split, count in splits.items() if count > 1)
    assert (within["train"], within["test"], within["validation"]) == (17, 3, 0)
    assert sum(min(splits["train"], 1) * splits["validation"] for splits in members.values()) == 8


@pytest.fixture(scope="module")
def vectors() -> np.ndarray[Any, np.dtype[np.float32]]:
    """900 vectors in 90 places of ten near ones each."""
    random = np.random.default_rng(6)
    centres = random.normal(size=(90, 40)).repeat(10, axis=0)
    found = (centres + 0.3 * random.normal(size=(900, 40))).astype(np.float32)
    return np.asarray(found / np.linalg.norm(found, axis=1, keepdims=True), np.float32)


def test_neighbours_do_not_depend_on_partitions(
    spark: SparkSession, vectors: np.ndarray[Any, np.dtype[np.float32]]
) -> None:
    """The nearest are those of brute force, but for a few; equal from one partition and from seven."""
    reach = Reach(neighbours=6, cells=4, block=64)
    spaces = [Space(column, Cells.train(vectors, len(vectors)), 0.5) for column in ("features", "thumbnail")]
    projected = spaces[0].cells.project(vectors).astype(HALF)
    # The second space holds a third of the vectors, backwards: neighbours of one space are none of the other.
    backwards = [None if number % 3 else row.tobytes() for number, row in enumerate(projected[::-1])]
    rows = [(number + 1, 2, row.tobytes(), backwards[number]) for number, row in enumerate(projected)]
    pictures = spark.createDataFrame(rows, LOOKS)
    found = []
    for partitions in (1, 7):
        nearest = nearest_pictures(pictures.repartition(partitions), spaces, reach).persist()
        pairs = {tuple(row) for row in pairs_of(nearest.where("space = 0")).distinct().collect()}
        seconds = {tuple(row) for row in pairs_of(nearest.where("space = 1")).distinct().collect()}
        crowds = {row["picture"]: row for row in backgrounds_of(nearest, spaces, reach).collect()}
        found.append((pairs, seconds, crowds))
        nearest.unpersist()
    assert found[0] == found[1]
    query, near, cosines = neighbours_within(projected.astype(np.float32), 6, 0.5)
    exact = {(min(a, b) + 1, max(a, b) + 1) for a, b in zip(query.tolist(), near.tolist(), strict=True)}
    assert len(found[0][0] & exact) / len(exact) > 0.97
    farther = [cosines[query == number][3:] for number in range(900)]
    expected = [(own.sum() + 0.5 * (3 - len(own))) / 3 for own in farther]
    crowds = {picture: row["features_background"] for picture, row in found[0][2].items()}
    differences = [abs(crowds.get(number + 1, 0.5) - crowd) for number, crowd in enumerate(expected)]
    assert np.median(differences) < 1e-3
    third = projected[::-1].astype(np.float32)[::3]
    query, near, _ = neighbours_within(third, 6, 0.5)
    exact = {(3 * min(a, b) + 1, 3 * max(a, b) + 1) for a, b in zip(query.tolist(), near.tolist(), strict=True)}
    assert len(found[0][1] & exact) / len(exact) > 0.97
    assert {number for pair in found[0][1] for number in pair} <= set(range(1, 901, 3))


def test_sides_are_compared_with_each_other_only(
    spark: SparkSession, vectors: np.ndarray[Any, np.dtype[np.float32]]
) -> None:
    """Two lakes' pictures have their neighbours in the other lake; a picture of both has them in either."""
    space = Space("features", Cells.train(vectors, len(vectors)), 0.5)
    sides = [2 if number % 10 == 0 else number % 2 for number in range(900)]
    rows = [
        (number + 1, sides[number], row.tobytes())
        for number, row in enumerate(space.cells.project(vectors).astype(HALF))
    ]
    pictures = spark.createDataFrame(rows, "picture bigint, side tinyint, features_vector binary")
    pairs = pairs_of(nearest_pictures(pictures, [space], Reach(6, 4))).collect()
    met = Counter(tuple(sorted((sides[row["first"] - 1], sides[row["second"] - 1]))) for row in pairs)
    assert {(0, 0), (1, 1)}.isdisjoint(met)
    assert {(0, 1), (0, 2), (1, 2)} <= set(met)


def test_a_member_goes_to_the_representative_that_it_is_most_alike(spark: SparkSession) -> None:
    """Three stands between one and two: it joins the higher score, and the better picture at a tie."""
    schema = "first bigint, second bigint, score double"
    for score, representative in ((0.9, 2), (0.5, 1)):
        pairs = spark.createDataFrame([(1, 3, 0.5), (2, 3, score), (3, 4, 0.9)], schema).repartition(3)
        found = {tuple(row) for row in represent(pairs, 4).collect()}
        assert found == {(representative, 3, score)}
