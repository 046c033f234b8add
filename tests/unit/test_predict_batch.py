"""Rows of predictions: one an image whatever its neighbours, in bounded memory, with features as precise as asked."""

from __future__ import annotations

import io
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from PIL import Image

from imagelake.config import load_config
from imagelake.tables import TABLES
from imagelake.transforms.predict.model import image_limits, input_settings
from imagelake.transforms.predict.predict import PREDICTED, ImagePart, PredictSettings, parts, predict_batch, rounded
from imagelake.vision.engine import unit_length
from imagelake.vision.limits import Limits
from imagelake.vision.litert import LiteRtEngine, convert
from imagelake.vision.mobilenet import build_model
from imagelake.vision.network import Network
from imagelake.vision.preprocess import InputSettings, prepare

SETTINGS = PredictSettings(InputSettings(32), 4, 5, tuple(f"class {index}" for index in range(20)))


@pytest.fixture(scope="module")
def network() -> Network:
    """A random network of 20 classes."""
    return Network(LiteRtEngine(convert(build_model("mobilenet_v1", 0.25, 32, classes=20))))


def png(seed: int) -> bytes:
    """An image of noise."""
    file = io.BytesIO()
    Image.fromarray(np.random.default_rng(seed).integers(0, 256, (40, 50, 3), np.uint8)).save(file, "PNG")
    return file.getvalue()


CONTENTS = [png(1), b"<html>", png(2), None, b"", png(3), png(2)[:200]]
IDS = [f"image {number}" for number in range(len(CONTENTS))]


def test_an_image_has_its_row_whatever_stands_beside_it(network: Network) -> None:
    """Good and bad images in one batch have the rows that each has alone, in their order; bad ones only an error."""
    together = predict_batch(network, ImagePart(IDS, CONTENTS), SETTINGS).to_pylist()
    alone = [
        predict_batch(network, ImagePart([name], [content]), SETTINGS).to_pylist()[0]
        for name, content in zip(IDS, CONTENTS, strict=True)
    ]
    assert together == alone
    errors = [row["error"] for row in together]
    assert errors == [None, "not_an_image", None, "empty", "empty", None, "truncated"]
    for row in together:
        if row["error"]:
            assert {name for name, value in row.items() if value is not None} - {"sha256"} == {
                "image_id",
                "error",
                "error_detail",
            }
        else:
            assert row["top_names"] == [f"class {index}" for index in row["top_classes"]]
            assert (len(row["top_scores"]), row["top_scores"]) == (5, sorted(row["top_scores"], reverse=True))
            assert np.linalg.norm(row["features"]) == pytest.approx(1, abs=1e-5)


def test_settings_bound_an_image(network: Network) -> None:
    """What the configuration says an image may cost is what the decoder holds; the time limit makes a row, too."""
    bounds = ["images.max_pixels=2000001", "images.max_bytes=20000000", "images.timeout_s=0.05"]
    config = load_config(settings=[*bounds, 'images.formats=["PPM"]', "model.scaled_decode=true"])
    settings = input_settings(config.model, image_limits(config.images))
    assert settings.limits == Limits(2_000_001, 20_000_000, 0.05, ("PPM",))
    assert settings.scaled_decode
    slow = b"P3 1400 1400 255\n" + b"9 " * (3 * 1400 * 1400)  # plain text, which takes its decoder seconds
    (row,) = predict_batch(network, ImagePart(["slow"], [slow]), replace(SETTINGS, input=settings)).to_pylist()
    assert row["error"] == "timeout"


def test_a_batch_of_nothing_has_the_columns_of_the_table(network: Network) -> None:
    """No images give no rows, of the schema that the table promises."""
    empty = predict_batch(network, ImagePart([], []), SETTINGS)
    assert (empty.num_rows, empty.schema) == (0, PREDICTED)
    assert empty.schema.names == [column.name for column in TABLES["predictions"].columns]


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_parts_hold_every_row_once(rows: int) -> None:
    """Batches of any length, also empty ones, are cut into parts of at most so many rows, in their order."""
    numbers = [range(7), range(7, 7), range(7, 8)]
    batches = [
        pa.record_batch(
            {
                "image_id": pa.array([f"{number}" for number in part], pa.string()),
                "content": pa.array([b"%d" % number if number else None for number in part], pa.binary()),
                "sha256": pa.array([None for _ in part], pa.string()),
            }
        )
        for part in numbers
    ]
    cut = [(part.image_ids, list(part.contents)) for part in parts(batches, rows)]
    assert [name for ids, _ in cut for name in ids] == [str(number) for number in range(8)]
    assert [data for _, contents in cut for data in contents] == [None, *(b"%d" % number for number in range(1, 8))]
    assert max(len(ids) for ids, _ in cut) <= rows


def test_half_precision_keeps_neighbours(shared_data: Path) -> None:
    """Cosines of 300 photos move by 2e-4 at most, the nearest stay, and values fit a dictionary of 14 bits."""
    animals = sorted((shared_data / "photos" / "caltech101_animals").rglob("*.jpg"))[::4][:300]
    weights = shared_data / "weights" / "mobilenet_v1_0.25_128.weights.h5"
    network = LiteRtEngine(convert(build_model("mobilenet_v1", 0.25, 128, weights=weights)))
    pixels = np.stack([prepare(file.read_bytes(), InputSettings(128)) for file in animals])
    exact = unit_length(network.run(pixels).features)
    halves = rounded(exact, "float16")
    assert halves.dtype == np.float32
    assert np.array_equal(rounded(exact, "float32"), exact)
    assert len(np.unique(halves)) < 2**14
    cosines, ours = (features @ features.T - 2 * np.eye(len(features)) for features in (exact, halves))
    assert np.abs(ours - cosines).max() <= 2e-4
    chosen = cosines[np.arange(len(exact)), ours.argmax(axis=1)]
    assert (cosines.max(axis=1) - chosen).max() <= 2e-4
    assert np.mean(ours.argmax(axis=1) == cosines.argmax(axis=1)) >= 0.99


WORKER = """
import io, sys
from pathlib import Path
import numpy as np, pyarrow as pa
from PIL import Image
from imagelake.transforms.predict.predict import PredictSettings, parts, predict_batch
from imagelake.vision.network import open_network
from imagelake.vision.packed import PackedModel
from imagelake.vision.preprocess import InputSettings

network = open_network(PackedModel("litert", Path(sys.argv[1]).read_bytes()))
settings = PredictSettings(InputSettings(224), 32, 5, tuple(map(str, range(1000))))
photos = sys.argv[2:]
def batches():
    for _ in range(2):
        columns = [list("abcd"), [Path(file).read_bytes() for file in photos] * 2, pa.nulls(4, pa.string())]
        batch = pa.record_batch(columns, ["image_id", "content", "sha256"])
        del columns  # a batch of Spark is all that a worker holds
        yield batch
        del batch

rows = [predict_batch(network, part, settings) for part in parts(batches(), settings.batch_size)]
status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
print(sum(row["error"].null_count for row in rows), int(status["VmHWM"].split()[0]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from Linux's /proc")
def test_large_photos_keep_a_worker_small(tmp_path: Path) -> None:
    """Batches of 60 MB of photos of 15 MB, PNG and JPEG, leave a worker of MobileNet v1 1.0 224 below 400 MiB."""
    (tmp_path / "model").write_bytes(convert(build_model("mobilenet_v1", 1.0, 224)))
    noise = np.random.default_rng(0)
    for name, side in (("a.png", 2240), ("b.jpg", 3600)):
        pixels = noise.integers(0, 256, (side, side, 3), np.uint8)
        Image.fromarray(pixels).save(tmp_path / name, compress_level=1, quality=95)
        assert (tmp_path / name).stat().st_size > 15_000_000
    command = [sys.executable, "-c", WORKER, *(str(tmp_path / name) for name in ("model", "a.png", "b.jpg"))]
    shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert shown[0] == "8"
    assert int(shown[1]) < 400
