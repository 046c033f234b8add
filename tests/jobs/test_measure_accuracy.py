"""The accuracy job on a whole lake: planted confusion is found, accounts add up, a changed map is noticed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from planted_tables import Rows, plant_tables
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.runtime.job import execute
from imagelake.tables import TABLES
from measure_accuracy import JOB

SAMPLE = ("lion", "tiger", "leopard", "zebra", "giraffe", "elephant", "eagle", "owl", "parrot", "penguin")


def label(image_id: str, name: str) -> dict[str, Any]:
    """A clean label."""
    return {"image_id": image_id, "label_id": f"/m/{name}", "label": name, "confidence": 1.0}


def prediction(image_id: str, *classes: int) -> dict[str, Any]:
    """What the sample model saw: these classes, best first."""
    return {
        "image_id": image_id,
        "top_classes": list(classes),
        "top_names": [SAMPLE[index] for index in classes],
        "top_scores": [0.9, 0.05, 0.02, 0.01, 0.01][: len(classes)],
    }


READS = tuple(name for name in JOB.reads if name in TABLES)
PLANTED: Rows = {
    "labels_clean": [
        *(label(f"lion{n}", "Lion") for n in range(4)),
        *(label(f"rhino{n}", "Rhinoceros") for n in range(2)),
        label("lion0", "Animal"),
    ],
    "predictions": [
        *(prediction(f"lion{n}", 0, 1, 2, 3, 4) for n in range(2)),
        prediction("lion2", 1, 0, 2, 3, 4),
        {"image_id": "lion3", "error": "truncated"},
        prediction("rhino0", 5, 0, 1, 2, 3),
        prediction("unlabelled", 5, 0, 1, 2, 3),
    ],
    "classes": [{"label_id": f"/m/{name}", "label": name} for name in ("Lion", "Rhinoceros", "Tiger")],
    "hierarchy": [
        {"label_id": "/m/Animal", "label": "Animal", "depth": 0},
        {"label_id": "/m/Lion", "label": "Lion", "parent_id": "/m/Animal", "relation": "subcategory", "depth": 1},
    ],
}


def test_planted_confusion_is_published(spark: SparkSession, tmp_path: Path) -> None:
    """Lions 2 of 3 with one tiger, an Animal by the hierarchy, rhinos not covered, one undecodable, one not seen."""
    lake = plant_tables(spark, tmp_path, READS, PLANTED)
    outcome = execute(JOB, lake, load_config())
    accuracy = {row["label"]: row for row in lake.read("label_accuracy").collect()}
    assert {name: (row["images"], row["top1_images"], row["top5_images"]) for name, row in accuracy.items()} == {
        "Lion": (3, 2, 3),
        "Animal": (1, 1, 1),
        "Rhinoceros": (1, None, None),
    }
    assert accuracy["Lion"]["undecodable"] == 1
    assert accuracy["Lion"]["classes"] == ["lion"]
    confusion = lake.read("confusion").select("label", "predicted", "correct", "covered", "images", "examples")
    assert sorted(tuple(row) for row in confusion.collect()) == [
        ("Animal", "Animal", True, True, 1, ["lion0"]),
        ("Lion", "Lion", True, True, 2, ["lion0", "lion1"]),
        ("Lion", "Tiger", False, True, 1, ["lion2"]),
        ("Rhinoceros", "Elephant", False, False, 1, ["rhino0"]),
    ]
    (mistake,) = lake.read("mistakes").collect()
    assert tuple(mistake) == ("lion2", "Lion", "Tiger", pytest.approx(0.9), True, False)
    assert outcome.work is not None
    (account,) = outcome.work.accounts
    assert (account.rows_in, account.kept) == (7, 5)
    assert account.rejected == {"undecodable": 1, "not_predicted": 1}
    assert outcome.work.notes["not covered, so not judged"] == "Rhinoceros"
    assert "train_classifier" in outcome.work.notes["to judge these, too"]
    assert outcome.work.notes["worst confusions"] == "Lion taken for Tiger: 1 (33%)"
    assert execute(JOB, lake, load_config()).work is None


def test_a_lake_without_labels_has_no_accuracy(spark: SparkSession, tmp_path: Path) -> None:
    """Empty tables in, empty tables out, and a summary that says so."""
    lake = plant_tables(spark, tmp_path, READS, {})
    outcome = execute(JOB, lake, load_config())
    assert outcome.work is not None
    assert outcome.work.rows == {"label_accuracy": 0, "confusion": 0, "mistakes": 0, "label_verification": 0}
    assert outcome.work.notes["worst confusions"] == "none"


def test_a_changed_label_map_makes_it_run_again(spark: SparkSession, tmp_path: Path) -> None:
    """The user's map is an input: the same rows are judged anew when it says something else."""
    lake = plant_tables(spark, tmp_path / "lake", READS, PLANTED)
    file = tmp_path / "map.csv"
    config = load_config([], [f"source.label_map={file}", "source.type=folder", "model.classes=sample"])
    found = []
    for classes in ("lion", "lion;tiger"):
        file.write_text(f"folder,label,imagenet_classes\nlions,Lion,{classes}\n")
        assert execute(JOB, lake, config).work is not None
        found.append(lake.read("label_accuracy").where("label = 'Lion'").collect()[0]["top1_images"])
    assert found == [2, 3]


def test_predictions_of_other_classes_publish_nothing(spark: SparkSession, tmp_path: Path) -> None:
    """The sample's predictions are not judged by ImageNet's classes, and the old tables stay."""
    lake = plant_tables(spark, tmp_path, READS, PLANTED)
    execute(JOB, lake, load_config())
    with pytest.raises(ImageLakeError, match="run predict_images"):
        execute(JOB, lake, load_config([], ["model.classes=imagenet"]))
    assert lake.read("label_accuracy").count() == 3
