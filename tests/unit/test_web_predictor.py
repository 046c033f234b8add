"""A photo from outside becomes a query and a thumbnail by one decode, and its memory is given back."""

from __future__ import annotations

import io
import subprocess
import sys
from contextlib import AbstractContextManager
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imagelake.lake.manifest import MANIFEST, Manifest
from imagelake.lake.published import open_lake
from imagelake.serving.predictor import Predictor
from imagelake.transforms.predict.model import SAMPLE_NETWORK
from imagelake.vision import decode
from imagelake.vision.engine import unit_length
from imagelake.vision.limits import Limits
from imagelake.vision.network_card import CARD, NetworkCard
from imagelake.vision.opening import opened
from imagelake.vision.packed import PackedModel, open_engine
from imagelake.vision.preprocess import InputSettings, prepare

SIDE = 96


@pytest.fixture(scope="module")
def network() -> bytes:
    """The converted network of the sample."""
    return (resources.files("imagelake") / SAMPLE_NETWORK).read_bytes()


@pytest.fixture
def predictor(network: bytes, tmp_path: Path) -> Predictor:
    """That network as a lake has it."""
    classes = tuple(f"class {number}" for number in range(10))
    card = NetworkCard("sample", "f", "network.tflite", "litert", "float32", 128, "crop", classes)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / card.file).write_bytes(network)
    (folder / CARD).write_text(card.to_json())
    (folder / MANIFEST).write_text(Manifest("model", "", "", "", "", "", {}, 2, [], "", 1.0, None, {}).to_json())
    return Predictor(open_lake(str(tmp_path)), Limits(), SIDE, 1)


def photo() -> bytes:
    """A JPEG on its side, twice as wide as high when upright, with a red left half."""
    pixels = np.zeros((300, 600, 3), np.uint8)
    pixels[:, :300] = (220, 0, 0)
    image, exif, file = Image.fromarray(pixels).transpose(Image.Transpose.ROTATE_90), Image.Exif(), io.BytesIO()
    exif[0x0112] = 6
    image.save(file, "JPEG", exif=exif, quality=95)
    return file.getvalue()


def test_a_photo_is_decoded_once(predictor: Predictor, network: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    """One opening of the file gives the features of the pipeline's own way and a thumbnail of the upright whole."""
    expected = open_engine(PackedModel("litert", network)).run(prepare(photo(), InputSettings(128))[np.newaxis])
    openings: list[bytes | None] = []

    def noted(content: bytes | None, limits: Limits) -> AbstractContextManager[Image.Image]:
        openings.append(content)
        return opened(content, limits)

    monkeypatch.setattr(decode, "opened", noted)
    found = predictor.predict(photo())
    assert openings == [photo()]
    np.testing.assert_array_equal(found.query.features, unit_length(expected.features)[0])
    with Image.open(io.BytesIO(found.thumbnail)) as small:
        assert small.size == (SIDE, SIDE // 2)
        left, right = (np.asarray(small)[:, part].mean(axis=(0, 1)) for part in (slice(0, 40), slice(56, None)))
    assert left[0] > 180
    assert right.max() < 40


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems have another malloc")
def test_the_memory_of_photos_is_given_back() -> None:
    """After photos of 20 megapixels in many threads a process holds hardly more than before."""
    script = """
import io, threading
from PIL import Image
from imagelake.vision.decode import decode_image
from imagelake.vision.limits import Limits
from imagelake.web.memory import give_back_large_blocks

def resident():
    return int(next(line for line in open("/proc/self/status") if line.startswith("VmRSS")).split()[1]) / 1024

def look(content):
    decode_image(content, Limits())

give_back_large_blocks()
files = []
for mode in ("RGB", "RGBA", "I;16"):
    file = io.BytesIO()
    Image.new(mode, (5000, 4000)).save(file, "PNG")
    files.append(file.getvalue())
before = resident()
for content in files:
    threads = [threading.Thread(target=look, args=[content]) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
print(resident() - before)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 50
