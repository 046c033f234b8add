"""A lake predicted in int8 with float16 features: half the storage, a smaller network, and no mixing of networks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow.parquet as pq  # type: ignore[import-untyped]
import pytest

from finished_lake import FinishedLake
from imagelake.config import Config, load_config
from imagelake.errors import ImageLakeError
from imagelake.lake.lake import Lake
from imagelake.runtime.job import Job, Work, execute
from pipeline_steps import job, run_steps


def stored(lake: Lake) -> tuple[pd.DataFrame, int]:
    """The decodable predictions with pandas, and the bytes of their features as they lie on the disk."""
    folder = Path(lake.root.removeprefix("file://")) / "predictions"
    rows = pd.read_parquet(folder).sort_values("image_id", ignore_index=True)
    return rows[rows["error"].isna()], sum(map(bytes_of_features, folder.glob("*.parquet")))


def bytes_of_features(file: Path) -> int:
    """The compressed bytes of the column features."""
    written = pq.ParquetFile(file).metadata
    groups = [written.row_group(number) for number in range(written.num_row_groups)]
    columns = [group.column(number) for group in groups for number in range(group.num_columns)]
    return sum(one.total_compressed_size for one in columns if one.path_in_schema.startswith("features."))


def test_int8_and_half_precision_by_configuration(sample: FinishedLake, tmp_path: Path) -> None:
    """Both are asked for by settings; predicting with a network that was not converted so is an error that says so."""
    lake = sample.copied(tmp_path / "lake").lake
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
    keep_the_network_as_the_lake_grows(lake, small)


def keep_the_network_as_the_lake_grows(lake: Lake, config: Config) -> None:
    """Fewer images are another lake, but no other network: it is not calibrated anew, so no image is predicted anew."""
    before = (Path(lake.root.removeprefix("file://")) / "model" / "network.int8.tflite").read_bytes()
    packed = lake.require("image_bytes").rows
    execute(drop_images(5), lake, config, force=True)
    outcomes = run_steps(("convert_model", "predict_images"), lake, config)
    works = [outcome.work for outcome in outcomes.values()]
    assert works[0] is not None
    assert works[1] is not None
    assert works[0].notes["converted"] == "in an earlier run"
    assert "calibrated on" not in works[0].notes
    assert works[1].counters["decoded"].value == 0
    assert works[1].taken_over == {"predictions": packed - 5}
    assert (Path(lake.root.removeprefix("file://")) / "model" / "network.int8.tflite").read_bytes() == before
    forced = execute(job("convert_model"), lake, config, force=True).work
    assert forced is not None
    assert "calibrated on" in forced.notes


def drop_images(count: int) -> Job:
    """Publishes image_bytes without some."""

    def run(work: Work, _: Config) -> None:
        images = work.read("image_bytes")
        work.write(
            "image_bytes",
            images.join(images.select("image_id").orderBy("image_id").limit(count), "image_id", how="left_anti"),
        )

    return Job("drop_images", "", run, reads=("image_bytes",), writes=("image_bytes",))
