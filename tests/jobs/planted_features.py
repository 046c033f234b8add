"""A lake with planted features of three labels, from which heads can be trained."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from planted_tables import plant_tables
from pyspark.sql import SparkSession

from imagelake.config import Config, load_config
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, Work, execute
from imagelake.transforms.predict.model import SAMPLE_NETWORK

NAMES = ("labels_clean", "predictions", "images", "hierarchy")
CLASSES, D = ("Lion", "Owl", "Zebra"), 8


def features(count: int = 120, seed: int = 5) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Features of unit length, as float32 [N, D], and classes of three overlapping labels."""
    random = np.random.default_rng(seed)
    classes = np.arange(count) % 3
    values = random.normal(size=(count, D)) + random.normal(size=(3, D))[classes] * 1.2
    return (values / np.linalg.norm(values, axis=1, keepdims=True)).astype(np.float32), classes


def planted(**odd: Any) -> dict[str, list[dict[str, Any]]]:
    """100 training and 20 test images, two of which have equal bytes, and one row for each reason."""
    values, classes = features()
    images, labels, predictions = [], [], []
    for row, (vector, number) in enumerate(zip(values, classes, strict=True)):
        name, split = f"i{row:03}", "train" if row < 100 else "test"
        images.append({"image_id": name, "split": split, "sha256": f"h{row // 2 if row < 10 else row}"})
        labels.append({"image_id": name, "label_id": f"/m/{number}", "label": CLASSES[number], "split": split})
        predictions.append({"image_id": name, "features": vector.tolist()})
    labels += [
        {"image_id": "i000", "label_id": "/m/a", "label": "Animal", "split": "train"},
        {"image_id": "i001", "label_id": "/m/0", "label": "Lion", "split": "train"},
        {"image_id": "torn", "label_id": "/m/0", "label": "Lion", "split": "train"},
        {"image_id": "rare", "label_id": "/m/r", "label": "Okapi", "split": "train"},
    ]
    predictions += [
        {"image_id": "torn", "error": "truncated"},
        {"image_id": "rare", "features": values[0].tolist()},
        *odd.get("predictions", []),
    ]
    tree = {"label_id": "/m/a", "label": "Animal", "depth": 0, "relation": "subcategory"}
    below = [
        {"label_id": f"/m/{n}", "label": name, "parent_id": "/m/a", "parent": "Animal", "depth": 1,
         "relation": "subcategory"}
        for n, name in enumerate(CLASSES)
    ]  # fmt: skip
    return {"labels_clean": labels, "predictions": predictions, "images": images, "hierarchy": [tree, *below]}


def lake_with(spark: SparkSession, root: Path, rows: Mapping[str, Any], names: tuple[str, ...] = NAMES) -> Lake:
    """A lake with planted tables, and a model whose features these could be."""
    lake = plant_tables(spark, root, names, rows)

    def plant_model(work: Work, _: Config) -> None:
        folder = root / "_model"
        folder.mkdir()
        (folder / "network.tflite").write_bytes((resources.files("imagelake") / SAMPLE_NETWORK).read_bytes())
        work.write_folder("model", folder, files=1)

    execute(Job("plant_model", "", plant_model, writes=("model",)), lake, load_config(), force=True)
    return lake
