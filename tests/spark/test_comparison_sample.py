"""The images that variants are compared on: of all labels alike, the same ones however the lake is cut."""

from __future__ import annotations

import hashlib
import random
from collections import Counter, defaultdict

import pytest
from pyspark.sql import SparkSession
from table_rows import sorted_rows, table_of

from imagelake.errors import ImageLakeError
from imagelake.transforms.accuracy.comparison_sample import balanced_sample, choose_sample

COVERED = {"Person", "Dog", "Okapi"}


def lake(seed: int, images: int) -> list[tuple[str, str]]:
    """Pairs of image and label: nearly all are persons, a tenth dogs as well, one in fifty an okapi."""
    draw = random.Random(seed)
    shares = {"Person": 0.95, "Dog": 0.1, "Okapi": 0.02}
    return [(f"i{n:04}", label) for n in range(images) for label, share in shares.items() if draw.random() < share]


def by_turns(pairs: list[tuple[str, str]], count: int) -> set[str]:
    """The sample by brute force: in each round every label gives its next image by hash; the last round is cut."""
    queues: dict[str, list[str]] = defaultdict(list)
    for image_id, label in sorted(pairs, key=lambda pair: digest(pair[0])):
        queues[label].append(image_id)
    chosen: dict[str, None] = {}
    for turn in range(max(map(len, queues.values()))):
        given = {queue[turn] for queue in queues.values() if turn < len(queue)}
        chosen |= dict.fromkeys(sorted(given, key=digest))
    return set(list(chosen)[:count])


def digest(image_id: str) -> str:
    return hashlib.sha1(image_id.encode()).hexdigest()


@pytest.mark.parametrize("count", [1, 7, 60, 10_000])
@pytest.mark.parametrize("parts", [1, 5])
def test_labels_take_turns(spark: SparkSession, count: int, parts: int) -> None:
    """The chosen images are those of brute force, however many partitions the labels are in."""
    pairs = lake(3, 300)
    frame = spark.createDataFrame(pairs, "image_id string, label string").repartition(parts)
    found = [row["image_id"] for row in balanced_sample(frame, count).collect()]
    assert len(found) == len(set(found))
    assert set(found) == by_turns(pairs, count)


def test_a_rare_label_is_not_lost(spark: SparkSession) -> None:
    """Every okapi of the lake is among 60 images, of which persons would otherwise be nearly all."""
    pairs = lake(3, 300)
    frame = spark.createDataFrame(pairs, "image_id string, label string")
    chosen = {row["image_id"] for row in balanced_sample(frame, 60).collect()}
    whole, part = (Counter(label for image_id, label in pairs if image_id in ids) for ids in (dict(pairs), chosen))
    assert part["Okapi"] == whole["Okapi"] > 3
    assert part["Dog"] > 20


@pytest.mark.parametrize("count", [0, 4])
def test_only_images_that_can_be_judged_are_chosen(spark: SparkSession, count: int) -> None:
    """Images without bytes, without a label or with uncovered labels only are left out, as are uncovered labels."""
    labels = [("a", "Dog"), ("a", "Emu"), ("b", "Emu"), ("c", "Person"), ("c", "Dog"), ("listed only", "Dog")]
    rows = [{"image_id": image_id, "label_id": f"/m/{n}", "label": label} for n, (image_id, label) in enumerate(labels)]
    twice = {"image_id": "a", "label_id": "/m/other", "label": "Dog"}
    contents = [{"image_id": image_id, "content": image_id.encode()} for image_id in ("a", "b", "c", "unlabelled")]
    sample = choose_sample(
        table_of(spark, "labels_clean", [*rows, twice]), table_of(spark, "image_bytes", contents), COVERED, count
    )
    assert sorted_rows(sample.images) == [("a", None, b"a"), ("c", None, b"c")]
    assert sample.size == 2
    assert sorted_rows(sample.labels) == [("a", "Dog"), ("c", "Dog"), ("c", "Person")]


def test_nothing_to_compare_on_is_an_error(spark: SparkSession) -> None:
    """A lake whose labels no class means says so, and names the setting that decides it."""
    labels = table_of(spark, "labels_clean", [{"image_id": "a", "label_id": "/m/e", "label": "Emu"}])
    with pytest.raises(ImageLakeError, match=r"nothing to compare on.*model\.classes"):
        choose_sample(labels, table_of(spark, "image_bytes", [{"image_id": "a", "content": b"a"}]), COVERED, 5)
