"""A network is converted once on a machine, and anew as soon as anything is different."""

from __future__ import annotations

from pathlib import Path

import pytest

from imagelake.cli.requirements import needs_tensorflow
from imagelake.config import load_config
from imagelake.transforms.predict import earlier_conversion
from imagelake.transforms.predict import model as configured
from imagelake.vision import converted_networks
from imagelake.vision.converted_networks import kept_or_made
from imagelake.vision.packed import EngineName, PackedModel
from imagelake.vision.weights_network import Hyperparameters


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of weights, and a folder of its own for what is kept."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file = tmp_path / "mine.weights.h5"
    file.write_bytes(b"weights")
    return file


def test_the_same_is_converted_once(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Other weights, another network or another TensorFlow is converted anew; the name of the file does not matter."""
    made: list[str] = []

    def ask(network: str, file: Path) -> bytes:
        def convert() -> bytes:
            made.append(network)
            return network.encode() + file.read_bytes()

        return kept_or_made(network, file, convert)

    assert ask("v1", weights) == ask("v1", weights.rename(weights.with_name("other.h5"))) == b"v1weights"
    other = weights.with_name("other.h5")
    assert ask("v2", other) == b"v2weights"
    other.write_bytes(b"heavier")
    assert ask("v1", other) == b"v1heavier"
    monkeypatch.setattr(converted_networks, "_tensorflow", lambda: "2.22")
    ask("v1", other)
    assert made == ["v1", "v2", "v1", "v1"]
    assert not list(other.parent.rglob("*.tflite.*"))


def test_without_tensorflow_any_kept_network_will_do(weights: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another installation on this machine converted needs no TensorFlow here, so none is installed for it."""
    config = load_config(settings=[f"model.weights={weights}", "source.type=folder"])
    found = Hyperparameters(config.model.architecture, 1.0, 224, 10)
    monkeypatch.setattr(earlier_conversion, "hyperparameters_of", lambda _: found)
    assert needs_tensorflow("convert_model", config)
    monkeypatch.setattr(configured, "build_model", lambda *_: "network")
    monkeypatch.setattr(configured, "pack", lambda *_: PackedModel("litert", b"made"))
    configured.convert_model(config.model, 10, weights)
    monkeypatch.setattr(converted_networks, "_tensorflow", lambda: None)
    assert not needs_tensorflow("convert_model", config)
    assert configured.convert_model(config.model, 10, weights).payload == b"made"
    assert needs_tensorflow("convert_model", load_config(settings=[f"model.weights={weights}", "model.precision=int8"]))
    assert needs_tensorflow("compare_models", config)
    weights.write_bytes(b"others")
    assert needs_tensorflow("run_pipeline", config)


def test_a_full_or_closed_disk_costs_nothing_else(weights: Path) -> None:
    """Where nothing can be kept, the network is there all the same."""
    (weights.parent / "cache").write_text("a file where the folder should be")
    assert kept_or_made("v1", weights, lambda: b"made") == b"made"


@pytest.mark.parametrize(("setting", "times"), [("model.precision=float32", 1), ("model.engine=tensorflow", 2)])
def test_only_what_lakes_have_in_common_is_kept(
    weights: Path, monkeypatch: pytest.MonkeyPatch, setting: str, times: int
) -> None:
    """int8 is calibrated on the images of one lake, and a network for TensorFlow needs no conversion."""
    packed: list[str] = []

    def pack(_: object, engine: EngineName, __: object) -> PackedModel:
        packed.append(engine)
        return PackedModel(engine, b"made")

    monkeypatch.setattr(configured, "build_model", lambda *_: "network")
    monkeypatch.setattr(configured, "pack", pack)
    model = load_config(settings=[f"model.weights={weights}", setting]).model
    for _ in range(2):
        assert configured.convert_model(model, 10, weights) == PackedModel(model.engine, b"made")
    assert len(packed) == times
