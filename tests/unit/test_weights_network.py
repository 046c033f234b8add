"""Which network a weights file is for is read from the file itself."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

import pytest

from imagelake.installation import SAMPLE_WEIGHTS
from imagelake.vision.mobilenet import build_model
from imagelake.vision.weights_file import WeightsError
from imagelake.vision.weights_network import Hyperparameters, hyperparameters_of


@pytest.mark.parametrize(
    ("architecture", "alpha"),
    [
        ("mobilenet_v1", 0.5),
        ("mobilenet_v1", 0.75),
        ("mobilenet_v2", 0.35),
        ("mobilenet_v2", 0.5),
        ("mobilenet_v2", 1.3),
    ],
)
def test_saved_weights_tell_their_network(architecture: str, alpha: float, tmp_path: Path) -> None:
    """Family and width are found again from the arrays, the resolution from the file's name, whatever the head."""
    path = tmp_path / "mine_96.weights.h5"
    build_model(architecture, alpha, 96, classes=7).save_weights(path)
    assert hyperparameters_of(path) == Hyperparameters(architecture, alpha, 96)


def test_the_published_files_are_recognised(shared_data: Path) -> None:
    """The three real weight files say what their names say."""
    found = {path.name: hyperparameters_of(path) for path in (shared_data / "weights").glob("*.h5")}
    assert found == {
        "mobilenet_v1_1.0_224.weights.h5": Hyperparameters("mobilenet_v1", 1.0, 224),
        "mobilenet_v1_0.25_128.weights.h5": Hyperparameters("mobilenet_v1", 0.25, 128),
        "mobilenet_v2_1.0_224.weights.h5": Hyperparameters("mobilenet_v2", 1.0, 224),
    }


def test_the_embedded_weights_are_small_and_recognised() -> None:
    """The weights that ship are those of the default configuration, in at most 2 MB."""
    path = Path(str(resources.files("imagelake") / SAMPLE_WEIGHTS))
    assert hyperparameters_of(path) == Hyperparameters("mobilenet_v1", 0.25, 128)
    assert path.stat().st_size <= 2_000_000


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A missing file and one that holds no network are named."""
    with pytest.raises(WeightsError, match=r"none\.h5 does not exist"):
        hyperparameters_of(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no weights")
    with pytest.raises(WeightsError, match=r"text\.h5 cannot be read"):
        hyperparameters_of(tmp_path / "text.h5")
