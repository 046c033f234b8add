"""The pipeline on real photos with real weights gives the figures that were found independently, crop and squeeze."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession

from imagelake.config import load_config
from imagelake.lake.lake import Lake
from pipeline_steps import run_steps

TOLERANCE = 0.01
NOT_COVERED = {"Rhinoceros", "Ibis", "Emu", "Okapi", "Pigeon", "Wild cat"}
TOP1 = {
    "crop": {"Leopard": 0.565, "Elephant": 0.766, "Flamingo": 0.701, "Giant panda": 0.500, "Kangaroo": 0.593,
             "Dalmatian": 0.940},
    "squeeze": {"Leopard": 0.510, "Elephant": 0.812, "Flamingo": 0.731, "Giant panda": 0.526, "Kangaroo": 0.663,
                "Dalmatian": 0.925},
}  # fmt: skip


NEEDED = ("ingest_images", "ingest_annotations", "clean_labels", "convert_model", "predict_images", "measure_accuracy")


@pytest.fixture(scope="module")
def accuracy(
    spark: SparkSession, shared_data: Path, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, pd.DataFrame]:
    """The table label_accuracy of the Caltech animals by framing; the photos are ingested once."""
    lake = Lake(spark, str(tmp_path_factory.mktemp("photos") / "lake"))
    settings = [
        f"lake.root={lake.root}",
        "source.type=folder",
        f"source.path={shared_data}/photos/caltech101_animals",
        f"source.label_map={shared_data}/photos/caltech101_animals_labels.csv",
        f"model.weights={shared_data}/weights/mobilenet_v1_1.0_224.weights.h5",
        "model.alpha=1.0",
        "model.resolution=224",
        "model.classes=imagenet",
    ]
    found = {}
    for framing in TOP1:
        outcomes = run_steps(NEEDED, lake, load_config(settings=[*settings, f"model.framing={framing}"]))
        assert outcomes["predict_images"].work is not None
        found[framing] = lake.read("label_accuracy").toPandas().set_index("label")
    return found


@pytest.mark.parametrize(("framing", "label"), [(framing, label) for framing, tops in TOP1.items() for label in tops])
def test_top1_is_the_known_figure(accuracy: dict[str, pd.DataFrame], framing: str, label: str) -> None:
    """Top-1 of each folder is within a point of what a bare loop with Keras gave elsewhere."""
    assert accuracy[framing].loc[label, "top1"] == pytest.approx(TOP1[framing][label], abs=TOLERANCE)


@pytest.mark.parametrize("framing", list(TOP1))
def test_what_no_class_covers_is_not_zero(accuracy: dict[str, pd.DataFrame], framing: str) -> None:
    """Animals that ImageNet does not know are not covered and have no accuracy; the rhinoceros beetle is no trap."""
    table = accuracy[framing]
    assert set(table.index[~table["covered"]]) == NOT_COVERED
    assert table.loc[sorted(NOT_COVERED), ["top1", "top1_low", "top1_high", "top5"]].isna().all(axis=None)
    assert table["images"].sum() == 1212
