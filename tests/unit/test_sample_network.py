"""The network of the drawn sample comes converted: nobody who only runs the sample needs TensorFlow."""

from __future__ import annotations

import subprocess
import sys
from importlib import resources

import numpy as np
import pytest

from imagelake.config import load_config
from imagelake.installation import SAMPLE_WEIGHTS
from imagelake.transforms.predict.model import SAMPLE_NETWORK
from imagelake.vision.litert import LiteRtEngine, convert
from imagelake.vision.mobilenet import build_model

_WITHOUT_TENSORFLOW = """
import sys
from pathlib import Path
sys.modules["tensorflow"] = None
from imagelake.config import load_config
from imagelake.transforms.predict.model import convert_model
print(len(convert_model(load_config().model, 10, Path("none")).payload))
"""


def test_the_converted_network_is_what_the_weights_give() -> None:
    """Scores and features of the file that ships are those of a network converted from the weights that ship."""
    package = resources.files("imagelake")
    with resources.as_file(package / SAMPLE_WEIGHTS) as weights:
        converted = convert(build_model("mobilenet_v1", 0.25, 128, 10, weights))
    pixels = np.random.default_rng(5).integers(0, 256, (3, 128, 128, 3), dtype=np.uint8)
    made, shipped = (LiteRtEngine(file, 1) for file in (converted, (package / SAMPLE_NETWORK).read_bytes()))
    expected, found = made.run(pixels), shipped.run(pixels)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found.features, expected.features, rtol=1e-5, atol=1e-6)


def test_the_sample_is_converted_without_tensorflow() -> None:
    """With the default settings the network is had where TensorFlow cannot be imported."""
    command = [sys.executable, "-c", _WITHOUT_TENSORFLOW]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert int(done.stdout) == len((resources.files("imagelake") / SAMPLE_NETWORK).read_bytes())


@pytest.mark.parametrize(
    "setting",
    [
        "model.weights=x.h5",
        "model.alpha=0.5",
        "model.resolution=224",
        "model.precision=int8",
        "model.engine=tensorflow",
    ],
)
def test_any_other_network_is_converted(setting: str) -> None:
    """One setting away from the sample's, the file that ships is no longer meant."""
    assert load_config().model.ships_converted
    assert not load_config(settings=[setting]).model.ships_converted
