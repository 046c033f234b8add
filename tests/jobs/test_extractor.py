"""A lake whose features come from a user's own network: the jobs take them, and the search refuses the former ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import imagelake
import tiny_extractor
from finished_lake import FinishedLake
from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from imagelake.vision.decode import decode_image
from imagelake.vision.limits import Limits
from imagelake.vision.preprocess import resize_for_model
from pipeline_steps import job

SIDE = 64


@pytest.fixture
def lake(sample: FinishedLake, tmp_path: Path) -> Lake:
    """A copy of the sample lake, with MobileNet's features."""
    return sample.copied(tmp_path / "lake").lake


def settings_of(lake: Lake, *settings: str) -> Config:
    """The configuration of a run on the lake."""
    return load_config(settings=[f"lake.root={lake.root}", *settings])


def test_features_come_from_the_extractor_and_are_never_mixed(lake: Lake, tmp_path: Path) -> None:
    """Predictions keep their classes and get the features that it gives; the former index is refused until rebuilt."""
    root, file = lake.root.removeprefix("file://"), tiny_extractor.write(tmp_path, SIDE, "NCHW")
    before = imagelake.open_lake(root, tmp_path / "cache").table("predictions").set_index("image_id").sort_index()
    image_id = before.index[before.error.isna()][0]
    config = settings_of(lake, f"model.extractor={file}", f"search.queries=['{image_id}']")
    execute(job("convert_model"), lake, config)
    with pytest.raises(ImageLakeError, match="the features in predictions were made with another network"):
        execute(job("build_image_index"), lake, config)
    for search in (
        lambda: execute(job("search_similar_images"), lake, config),
        lambda: imagelake.open_lake(root, tmp_path / "cache").neighbours(image_id),
    ):
        with pytest.raises(
            ImageLakeError, match=r"index was built from features of mobilenet_v1 .* tiny.onnx at 64 px"
        ):
            search()
    execute(job("predict_images"), lake, config)
    execute(job("build_image_index"), lake, config)
    opened = imagelake.open_lake(root, tmp_path / "cache")
    after = opened.table("predictions").set_index("image_id").sort_index()
    others = [name for name in before.columns if name != "features"]
    pd.testing.assert_frame_equal(after[others], before[others])
    content = opened.table("image_bytes").set_index("image_id").content[image_id]
    decoded = decode_image(content, Limits())
    pixels = np.asarray(decoded.upright(decoded.image))
    by_hand = tiny_extractor.expected(resize_for_model(pixels, SIDE, "crop")[None])[0]
    np.testing.assert_allclose(after.features[image_id], by_hand / np.linalg.norm(by_hand), atol=1e-3)
    execute(job("search_similar_images"), lake, config)
    assert opened.neighbours(image_id, 5).image_id.tolist() == nearest_by_hand(after, image_id, 5)
    assert opened.neighbours(content, 6).similarity[0] == pytest.approx(1, abs=1e-3)


def nearest_by_hand(predictions: pd.DataFrame, image_id: str, count: int) -> list[str]:
    """Brute force over features in half precision, as the index keeps them."""
    known = predictions[predictions.error.isna()]
    vectors = np.stack(known.features.to_list()).astype(np.float16).astype(np.float64)
    cosines = vectors @ vectors[known.index.get_loc(image_id)]
    order = np.lexsort((known.index.to_numpy(str), -cosines))
    return [name for name in known.index.to_numpy(str)[order] if name != image_id][:count]


def test_a_missing_extractor_ends_the_run_by_name(lake: Lake, tmp_path: Path) -> None:
    """The file, its description, and a name that the model's own file has."""
    file = tiny_extractor.write(tmp_path, SIDE, "NCHW")
    (tmp_path / "alone.onnx").write_bytes(file.read_bytes())
    for suffix in (".onnx", ".toml"):
        file.with_suffix(suffix).rename(tmp_path / f"network{suffix}")
    for name, said in (
        ("no.onnx", "no.onnx: there is no such file"),
        ("alone.onnx", "alone.toml: there is no such file"),
        ("network.onnx", "network.onnx: a converted model has that name; rename the file"),
        ("model.pt", "Known: .onnx, .tflite"),
    ):
        with pytest.raises(ImageLakeError, match=said):
            execute(job("convert_model"), lake, settings_of(lake, f"model.extractor={tmp_path / name}"))
