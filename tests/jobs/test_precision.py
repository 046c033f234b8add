"""A lake predicted in int8 with float16 features: half the storage, a smaller network, and no mixing of networks."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from finished_lake import FinishedLake
from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import execute
from pipeline_steps import job, run_steps


def stored(lake: Lake) -> tuple[pd.DataFrame, int]:
    """The decodable predictions with pandas, and the bytes of all."""
    folder = Path(lake.root.removeprefix("file://")) / "predictions"
    rows = pd.read_parquet(folder).sort_values("image_id", ignore_index=True)
    return rows[rows["error"].isna()], sum(file.stat().st_size for file in folder.glob("*.parquet"))


def test_int8_and_half_precision_by_configuration(sample: FinishedLake, tmp_path: Path) -> None:
    """Both are asked for by settings; predicting with a network that was not converted so is an error that says so."""
    lake = Lake(sample.lake.spark, str(shutil.copytree(sample.folder, tmp_path / "lake")))
    floats, float_bytes = stored(lake)
    small = load_config(settings=[f"lake.root={lake.root}", "model.precision=int8", "model.features=float16"])
    with pytest.raises(ImageLakeError, match=r"model\.precision=int8: run convert_model"):
        execute(job("predict_images"), lake, small)
    outcomes = run_steps(("convert_model", "predict_images"), lake, small)
    assert outcomes["convert_model"].work is not None
    assert "images of the lake" in outcomes["convert_model"].work.notes["calibrated on"]
    halves, half_bytes = stored(lake)
    assert list(halves["image_id"]) == list(floats["image_id"])
    ours, theirs = (np.stack(rows["features"].to_list()) for rows in (halves, floats))
    assert np.array_equal(ours, ours.astype(np.float16))
    assert np.mean(np.sum(ours * theirs, axis=1)) >= 0.98
    assert half_bytes < 0.65 * float_bytes
