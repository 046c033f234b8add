"""Photo or depiction: boxes are believed, features only where they have proved to tell the two apart."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import SparkSession
from table_rows import table_of

from imagelake.search.filters import Filters
from imagelake.search.query import ImageKind
from imagelake.taxonomy.lake_labels import LakeLabels
from imagelake.transforms.rank.image_kinds import FEWEST, image_kinds
from imagelake.transforms.search.search_filters import allowed_images

EACH, FEATURES = 4 * FEWEST, 24


def lake(apart: float) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Predictions of as many photos as depictions, in clusters so far apart, and each image's true kind."""
    random = np.random.default_rng(5)
    rows, truth = [], {}
    for number in range(2 * EACH):
        features = random.normal(0, 1, FEATURES) + apart * (number % 2) * np.eye(FEATURES)[0]
        image_id = f"i{number:04}"
        rows.append({"image_id": image_id, "features": [float(value) for value in features]})
        truth[image_id] = "depiction" if number % 2 else "photo"
    return rows, truth


def told(
    spark: SparkSession, predictions: list[dict[str, Any]], boxes: list[dict[str, Any]]
) -> tuple[pd.DataFrame, str]:
    """The kinds by image_id, and what they are known by."""
    found = image_kinds(table_of(spark, "predictions", predictions), table_of(spark, "boxes", boxes))
    rows = found.table.toPandas()
    assert rows["image_id"].is_unique
    return rows.set_index("image_id"), found.source


def box(image_id: str, is_depiction: int | None) -> dict[str, Any]:
    return {"image_id": image_id, "is_depiction": is_depiction}


def test_features_tell_what_boxes_do_not(spark: SparkSession) -> None:
    """From a third of the images the others' kinds are learnt; an image without features stays unknown."""
    predictions, truth = lake(apart=6)
    boxes = [box(image_id, int(kind == "depiction")) for image_id, kind in list(truth.items())[: 2 * EACH // 3]]
    found, source = told(spark, [*predictions, {"image_id": "torn", "error": "truncated"}], boxes)
    assert "kept back" in source
    assert "torn" not in found.index
    assert np.mean([found.loc[image_id, "kind"] == kind for image_id, kind in truth.items()]) > 0.98
    assert found["depiction_score"].between(0, 1).all()


def test_boxes_are_believed_before_features(spark: SparkSession) -> None:
    """One box around a depiction makes one, whatever the features and other boxes say; -1 and null say nothing."""
    predictions, truth = lake(apart=6)
    boxes = [box(image_id, int(kind == "depiction")) for image_id, kind in truth.items()]
    known_wrong = [box("i0000", 1), box("i0000", -1), box("unseen", 0), box("silent", -1), box("silent", None)]
    found, _ = told(spark, predictions, [*boxes, *known_wrong])
    assert found.loc["i0000", "kind"] == "depiction"
    score: Any = found.loc["i0000", "depiction_score"]
    assert score < 0.5
    assert found.loc["unseen", "kind"] == "photo"
    assert "silent" not in found.index


@pytest.mark.parametrize(("apart", "known", "why"), [(0, EACH, "do not tell them apart"), (6, FEWEST - 1, "too few")])
def test_nothing_is_guessed(spark: SparkSession, apart: float, known: int, why: str) -> None:
    """Features that say nothing, or too few known images, leave the other images unknown."""
    predictions, truth = lake(apart)
    boxes = [box(image_id, int(kind == "depiction")) for image_id, kind in list(truth.items())[: 2 * known]]
    found, source = told(spark, predictions, boxes)
    assert why in source
    assert len(found) == 2 * known
    assert found["depiction_score"].isna().all()


def test_photos_are_all_that_are_not_told_to_be_depictions(spark: SparkSession) -> None:
    """The filter keeps an image of unknown kind among the photos."""
    kinds = {"a": "photo", "b": "depiction", "c": None}
    quality = table_of(spark, "image_quality", [{"image_id": name, "kind": kind} for name, kind in kinds.items()])
    kinds_and_images: list[tuple[ImageKind, set[str]]] = [("photo", {"a", "c"}), ("depiction", {"b"})]
    for kind, expected in kinds_and_images:
        allowed = allowed_images(table_of(spark, "labels_clean", []), quality, LakeLabels({}), Filters(kind=kind))
        assert allowed is not None
        assert {row["image_id"] for row in allowed.collect()} == expected
