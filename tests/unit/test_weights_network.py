"""Which network a weights file is for is read from the file itself."""

from __future__ import annotations

from importlib import import_module, resources
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import pytest

from imagelake.installation import SAMPLE_WEIGHTS
from imagelake.vision.mobilenet import build_model
from imagelake.vision.tensorflow_import import import_tensorflow
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
    model = build_model(architecture, alpha, 96, classes=7)
    model.save_weights(path)
    assert hyperparameters_of(path) == Hyperparameters(architecture, alpha, 96, 7)
    older = tmp_path / "mine_96_tf.h5"
    with h5py.File(older, "w") as file:
        legacy_h5_format().save_weights_to_hdf5_group(file, model)
    assert hyperparameters_of(older) == Hyperparameters(architecture, alpha, 96, 7)


def legacy_h5_format() -> Any:
    """Keras' own writer of the format in which the ImageNet weights are published."""
    return import_module("keras.src.legacy.saving.legacy_h5_format")


def test_weights_without_a_classifier_are_refused(tmp_path: Path) -> None:
    """The published files whose names end in no_top lack what tells classes apart; the message says which to take."""
    path, keras = tmp_path / "mobilenet_2_5_128_tf_no_top.h5", import_tensorflow().keras
    top = keras.applications.MobileNet(input_shape=(128, 128, 3), alpha=0.25, include_top=False, weights=None)
    with h5py.File(path, "w") as file:
        legacy_h5_format().save_weights_to_hdf5_group(file, top)
    with pytest.raises(WeightsError, match=r"no_top\.h5 has no classifier; take the one without no_top"):
        hyperparameters_of(path)


def test_the_published_files_are_recognised(shared_data: Path) -> None:
    """The three real weight files say what their names say."""
    found = {path.name: hyperparameters_of(path) for path in (shared_data / "weights").glob("*.h5")}
    assert found == {
        "mobilenet_v1_1.0_224.weights.h5": Hyperparameters("mobilenet_v1", 1.0, 224, 1000),
        "mobilenet_v1_0.25_128.weights.h5": Hyperparameters("mobilenet_v1", 0.25, 128, 1000),
        "mobilenet_v2_1.0_224.weights.h5": Hyperparameters("mobilenet_v2", 1.0, 224, 1000),
    }


def test_the_embedded_weights_are_small_and_recognised() -> None:
    """The weights that ship are those of the default configuration, in at most 2 MB."""
    path = Path(str(resources.files("imagelake") / SAMPLE_WEIGHTS))
    assert hyperparameters_of(path) == Hyperparameters("mobilenet_v1", 0.25, 128, 10)
    assert path.stat().st_size <= 2_000_000


def test_other_files_are_refused(tmp_path: Path) -> None:
    """A missing file and one that holds no network are named."""
    with pytest.raises(WeightsError, match=r"none\.h5 does not exist"):
        hyperparameters_of(tmp_path / "none.h5")
    (tmp_path / "text.h5").write_text("no weights")
    with pytest.raises(WeightsError, match=r"text\.h5 cannot be read"):
        hyperparameters_of(tmp_path / "text.h5")
