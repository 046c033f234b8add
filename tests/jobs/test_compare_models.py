"""The comparison of variants: figures are those of measure_accuracy, known ones of real photos; failures are rows."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from finished_lake import FinishedLake
from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from imagelake.runtime.resolve.labels import read_class_map
from imagelake.runtime.resolve.network import load_network
from imagelake.transforms.accuracy.comparison import Variant, variants_of
from imagelake.transforms.accuracy.timed_predictions import JUDGED, timed_predictions
from imagelake.transforms.predict.model import image_limits, predict_settings
from pipeline_steps import job, run_steps

KEY = ["weights", "resolution", "precision", "framing"]
ANIMALS = "photos/caltech101_animals"
WEIGHTS = ("mobilenet_v1_1.0_224", "mobilenet_v1_0.25_128", "mobilenet_v2_1.0_224")
FOLDERS = {"Leopards": 0.565, "elephant": 0.766, "flamingo": 0.701, "panda": 0.500, "kangaroo": 0.593,
           "dalmatian": 0.940}  # fmt: skip
"""Folders of real photos, whose top-1 with MobileNet v1 1.0 at 224 px, cropped, was found independently."""


def configured(lake: Lake, *settings: str) -> Config:
    """The default configuration for a lake, with some settings."""
    return load_config(settings=[f"lake.root={lake.root}", *settings])


def compared(lake: Lake) -> pd.DataFrame:
    """The published comparison by its key."""
    return lake.read("model_comparison").toPandas().set_index(KEY).sort_index()


def measured(lake: Lake) -> tuple[int, float, float]:
    """Images, top-1 and top-5 over all images of covered labels, as measure_accuracy published them."""
    rows = lake.read("label_accuracy").where("covered").toPandas()
    sums = rows[["images", "top1_images", "top5_images"]].sum()
    return int(sums["images"]), sums["top1_images"] / sums["images"], sums["top5_images"] / sums["images"]


def test_every_combination_is_a_variant_once() -> None:
    """Lists are multiplied, empty ones stand for the configured model, what is listed twice is one."""
    config = load_config(settings=["compare.resolutions=[224, 128, 224]", "compare.precisions=['int8']"])
    assert variants_of(config.compare, config.model) == [Variant(side, "crop", "sample", "int8") for side in (224, 128)]
    listed = load_config(settings=['compare.weights=["a.h5", "b.h5"]', 'compare.framings=["crop", "squeeze"]'])
    assert (
        len(variants_of(listed.compare, listed.model))
        == len(set(variants_of(listed.compare, listed.model)))
        == 2 * 4 * 2 * 2
    )


def test_the_sample_lake_is_compared(copied: FinishedLake, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """The configured variant has the figures of measure_accuracy; weights that are no good cost only their own rows."""
    (tmp_path / "broken.weights.h5").write_bytes(b"no weights")
    weights = ["sample", str(tmp_path / "nowhere.weights.h5"), str(tmp_path / "broken.weights.h5")]
    settings = [f"compare.weights={weights!r}", "compare.resolutions=[128, 100]", "compare.images=0"]
    config = configured(copied.lake, *settings)
    outcome = execute(job("compare_models"), copied.lake, config)
    table = compared(copied.lake)
    assert len(table) == 3 * 2 * 2
    good = table[table["error"].isna()]
    assert list(good.index) == [("sample", 128, precision, "crop") for precision in ("float32", "int8")]
    exact, small = (good.xs(("sample", 128, precision, "crop")) for precision in ("float32", "int8"))
    assert (exact["images"], exact["top1"], exact["top5"]) == pytest.approx(measured(copied.lake))
    assert (exact["architecture"], exact["alpha"]) == ("mobilenet_v1", 0.25)
    assert abs(small["top1"] - exact["top1"]) < 0.05
    assert small["model_bytes"] < exact["model_bytes"] / 2
    assert exact["undecodable"] > 0
    assert (good["images_per_second"] > 0).all()
    assert good["on_front"].any()
    errors = table["error"]
    assert "multiple of 32" in errors["sample", 100, "int8", "crop"]
    assert all("nowhere.weights.h5" in error for error in errors.loc[weights[1]])
    assert all("broken.weights.h5" in error for error in errors.loc[weights[2]])
    assert "compare_models: 12 of 12: " in capfd.readouterr().err
    assert outcome.work is not None
    assert (outcome.work.accounts[0].kept, outcome.work.accounts[0].rejected) == (2, {"not_measured": 10})
    page = (copied.folder / "comparison" / "index.html").read_text(encoding="utf-8")
    page = re.sub('<g class="tip".*?</g>', "", page, flags=re.DOTALL)  # a pointer has the name of every point
    for precision, row in zip(("float32", "int8"), (exact, small), strict=True):
        # Only points of the front are named in the plot, and which is on it depends on how fast the machine was.
        assert (f"v1 0.25, 128 px, {precision}" in page) == row["on_front"]
    assert execute(job("compare_models"), copied.lake, config).work is None


def test_nothing_that_can_be_measured_is_an_error(copied: FinishedLake) -> None:
    """Where every variant fails the job fails with the reason of the first, and the old comparison stays."""
    config = configured(copied.lake, "compare.resolutions=[100]", "compare.precisions=['float32']", "compare.images=9")
    with pytest.raises(ImageLakeError, match=r"none of 1 variants could be measured.*resolution = 100"):
        execute(job("compare_models"), copied.lake, config)


def test_timing_changes_no_prediction(copied: FinishedLake) -> None:
    """What is timed is what predict_images published, image by image, and each image took some time."""
    lake, config = copied.lake, copied.config
    packed = load_network(lake.address("model"), config.model, lake.storage)
    names = [model_class.name for model_class in read_class_map(config.model, lake.storage).classes]
    settings = replace(predict_settings(config.model, image_limits(config.images), names), batch_size=7)
    shipped = lake.spark.sparkContext.broadcast(packed)
    timed = timed_predictions(lake.read("image_bytes"), shipped, settings).persist()
    published = lake.read("predictions").select(*JUDGED)
    assert timed.select(*JUDGED).exceptAll(published).isEmpty()
    assert timed.count() == published.count()
    assert timed.where(F.col("core_s") <= 0).isEmpty()
    timed.unpersist()


@pytest.fixture(scope="module")
def real(spark: SparkSession, shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """Six folders of real photos, compared with all three weights files, and measured as the pipeline measures."""
    folder = tmp_path_factory.mktemp("photos")
    for name in FOLDERS:
        (folder / name).symlink_to(shared_data / ANIMALS / name)
    lake = Lake(spark, str(folder.parent / f"{folder.name}-lake"))
    files = [f"{shared_data}/weights/{name}.weights.h5" for name in WEIGHTS]
    config = configured(
        lake,
        "source.type=folder",
        f"source.path={folder}",
        f"source.label_map={shared_data}/photos/caltech101_animals_labels.csv",
        f"model.weights={files[0]}",
        "model.alpha=1.0",
        "model.resolution=224",
        "model.classes=imagenet",
        f"compare.weights={files!r}",
        "compare.resolutions=[224]",
        "compare.precisions=['float32']",
        "compare.images=0",
    )
    steps = ("ingest_images", "ingest_annotations", "clean_labels", "convert_model", "predict_images")
    run_steps((*steps, "measure_accuracy", "compare_models"), lake, config)
    return lake


def test_real_weights_have_their_known_figures(real: Lake, shared_data: Path) -> None:
    """Three networks in one table: v1 as found independently and as measured, v2 near it, the narrow one far below."""
    table = compared(real).reset_index()
    large, narrow, second = (table[table["weights"].str.endswith(f"{name}.weights.h5")].iloc[0] for name in WEIGHTS)
    photos = real.read("label_accuracy").toPandas()["images"].sum()
    assert (large["images"], large["top1"], large["top5"]) == pytest.approx(measured(real))
    assert (large["images"], large["labels"]) == (photos, len(FOLDERS))
    assert [(row["architecture"], row["alpha"]) for row in (large, narrow, second)] == [
        ("mobilenet_v1", 1.0),
        ("mobilenet_v1", 0.25),
        ("mobilenet_v2", 1.0),
    ]
    known = sum(share * len(list((shared_data / ANIMALS / name).iterdir())) for name, share in FOLDERS.items())
    assert large["top1"] == pytest.approx(known / photos, abs=0.005)
    assert narrow["top1_high"] < large["top1_low"] - 0.1
    assert second["top1"] == pytest.approx(large["top1"], abs=0.06)
    assert narrow["images_per_second"] > 2 * large["images_per_second"]
    assert narrow["model_bytes"] < large["model_bytes"] / 5
    assert large["on_front"] or second["on_front"]
    assert narrow["on_front"]
