"""Networks are built as asked for, and weights load only where they fit."""

from importlib import import_module
from pathlib import Path
from typing import Any

import h5py  # type: ignore[import-untyped]
import numpy as np
import pytest

from imagelake.errors import ImageLakeError
from imagelake.vision.imagenet_weights import ImageNetWeights
from imagelake.vision.litert import LiteRtEngine, convert
from imagelake.vision.mobilenet import build_model
from imagelake.vision.packed import PackedModel, open_engine, pack
from imagelake.vision.tensorflow_engine import TensorFlowEngine
from imagelake.vision.tensorflow_import import import_tensorflow
from imagelake.vision.weights_file import WeightsError


@pytest.fixture(scope="module")
def tiny() -> Any:
    """A random network of 256 classes and 256 features, so that shapes do not tell its outputs apart."""
    import_tensorflow().keras.utils.set_random_seed(5)
    return build_model("mobilenet_v1", 0.25, 32, classes=256)


@pytest.fixture(scope="module")
def batch() -> Any:
    """Seven images of noise at different levels, uint8 [7, 32, 32, 3]."""
    noise = np.random.default_rng(2).integers(0, 256, (7, 32, 32, 3))
    return (noise * np.linspace(0, 1, 7)[:, None, None, None]).astype(np.uint8)


@pytest.fixture(scope="module")
def flatbuffer(tiny: Any) -> bytes:
    """The tiny network, converted."""
    return convert(tiny)


@pytest.fixture(scope="module")
def scores(tiny: Any, batch: Any) -> Any:
    """The tiny network's own scores of the batch, which TensorFlow traces it for."""
    return TensorFlowEngine(tiny).run(batch).scores


@pytest.mark.parametrize(
    ("architecture", "alpha", "resolution", "named"),
    [
        ("mobilenet_v3", 1.0, 224, "'mobilenet_v3'.*mobilenet_v1, mobilenet_v2"),
        ("mobilenet_v1", 0.35, 224, r"alpha = 0.35: mobilenet_v1 has 0.25, 0.5, 0.75, 1.0"),
        ("mobilenet_v2", 0.25, 224, r"alpha = 0.25: mobilenet_v2 has 0.35, 0.5, 0.75, 1.0, 1.3, 1.4"),
        ("mobilenet_v1", 1.0, 200, "resolution = 200.*multiple of 32.*128, 160, 192, 224"),
        ("mobilenet_v1", 1.0, 0, "resolution = 0"),
        ("mobilenet_v1", 1.0, 2048, "resolution = 2048"),
    ],
)
def test_hyperparameters_that_do_not_exist_are_refused(
    architecture: str, alpha: float, resolution: int, named: str
) -> None:
    """An unknown family, width or resolution is an error that names it and lists the valid ones."""
    with pytest.raises(ImageLakeError, match=named):
        build_model(architecture, alpha, resolution)


@pytest.mark.parametrize(
    ("architecture", "alpha", "resolution"), [("mobilenet_v1", 0.25, 128), ("mobilenet_v2", 0.35, 96)]
)
def test_published_weights_are_called_as_keras_calls_them(
    monkeypatch: pytest.MonkeyPatch, architecture: str, alpha: float, resolution: int
) -> None:
    """The file and the address from which tf.keras.applications itself would fetch them."""
    family, asked = import_module(f"keras.src.applications.{architecture.removesuffix('_v1')}"), []

    def refuse(name: str, address: str, **_: str) -> None:
        asked.extend([name, address])
        raise OSError("not now")

    monkeypatch.setattr(family.file_utils, "get_file", refuse)
    build = {"mobilenet_v1": "MobileNet", "mobilenet_v2": "MobileNetV2"}[architecture]
    with pytest.raises(OSError, match="not now"):
        getattr(family, build)(input_shape=(resolution, resolution, 3), alpha=alpha)
    weights = ImageNetWeights(architecture, alpha, resolution)
    assert asked == [weights.file, weights.address]


@pytest.mark.parametrize(("architecture", "alpha", "width"), [("mobilenet_v1", 0.5, 512), ("mobilenet_v2", 0.35, 1280)])
def test_a_network_has_scores_and_pooled_features(architecture: str, alpha: float, width: int) -> None:
    """Both families give softmax scores [N, C] and features [N, D] that are the mean over the last feature map."""
    keras = import_tensorflow().keras
    model = build_model(architecture, alpha, 64, classes=3)
    pixels = np.random.default_rng(0).uniform(-1, 1, (2, 64, 64, 3)).astype(np.float32)
    outputs = model(pixels, training=False)
    assert outputs["scores"].shape == (2, 3)
    assert np.allclose(np.sum(outputs["scores"], axis=1), 1, atol=1e-5)
    pooling = next(k for k, layer in enumerate(model.layers) if isinstance(layer, keras.layers.GlobalAveragePooling2D))
    maps = keras.Model(model.input, model.layers[pooling - 1].output)(pixels, training=False).numpy()
    assert outputs["features"].shape == (2, width)
    assert np.allclose(outputs["features"], maps.mean(axis=(1, 2)), atol=1e-5)


@pytest.mark.parametrize("name", ["weights.weights.h5", "model.keras", "part-00000.tmp"])
def test_weights_come_back_from_any_file(tiny: Any, batch: Any, scores: Any, tmp_path: Path, name: str) -> None:
    """Weights saved as .weights.h5 or .keras, or under a name without an ending, give the same scores again."""
    file = tmp_path / (name if name.endswith((".h5", ".keras")) else "saved.weights.h5")
    (tiny.save if name.endswith(".keras") else tiny.save_weights)(file)
    again = build_model("mobilenet_v1", 0.25, 32, classes=256, weights=file.rename(tmp_path / name))
    assert np.array_equal(TensorFlowEngine(again).run(batch).scores, scores)


def test_weights_of_the_plain_keras_network_fit(batch: Any, tmp_path: Path) -> None:
    """A file saved from tf.keras.applications itself, in its new and in its old format, loads to the same scores."""
    keras = import_tensorflow().keras
    plain = keras.applications.MobileNet(input_shape=(32, 32, 3), alpha=0.25, classes=4, weights=None)
    expected = plain(keras.applications.mobilenet.preprocess_input(batch.astype(np.float32)), training=False).numpy()
    plain.save_weights(tmp_path / "new.weights.h5")
    save_as_keras_2(plain, tmp_path / "old.h5")
    for name in ("new.weights.h5", "old.h5"):
        model = build_model("mobilenet_v1", 0.25, 32, classes=4, weights=tmp_path / name)
        assert np.array_equal(TensorFlowEngine(model).run(batch).scores, expected)


def save_as_keras_2(model: Any, path: Path) -> None:
    """The weights-only HDF5 layout of Keras 2, in which the ImageNet weights are published."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}/{index}".encode() for index in range(len(layer.weights))]
            group.attrs["weight_names"] = names
            for name, weight in zip(names, layer.get_weights(), strict=True):
                group[name.decode()] = weight


@pytest.mark.parametrize(
    ("network", "told"),
    [
        (
            ("mobilenet_v1", 0.5, 32, 256),
            r"alpha 0.5.*holds mobilenet_v1 with 8 first filters.*expected.*16 first filters",
        ),
        (
            ("mobilenet_v1", 0.25, 32, 10),
            r"holds.*256 classes.*expected.*10 classes.*found \[1, 1, 256, 256\], expected \[1, 1, 256, 10\]",
        ),
        (("mobilenet_v2", 0.35, 32, 256), "holds mobilenet_v1.*expected mobilenet_v2"),
    ],
)
def test_weights_of_another_network_are_refused(
    tiny: Any, tmp_path: Path, network: tuple[str, float, int, int], told: str
) -> None:
    """Weights of another width, head or family are an error that names the file and what was expected and found."""
    file = tmp_path / "mine.weights.h5"
    tiny.save_weights(file)
    with pytest.raises(WeightsError, match=f"(?s)mine.weights.h5.*{told}"):
        build_model(*network, weights=file)


def test_weights_with_a_missing_layer_are_refused(tiny: Any, tmp_path: Path) -> None:
    """A file that lacks one layer is an error; Keras alone would leave that layer at random."""
    file = tmp_path / "mine.weights.h5"
    tiny.save_weights(file)
    with h5py.File(file, "r+") as content:
        del content["layers/conv2d_3"]
    with pytest.raises(
        WeightsError, match=r"1 arrays differ.*conv2d_3/vars/0: found nothing, expected \[1, 1, 32, 32\]"
    ):
        build_model("mobilenet_v1", 0.25, 32, classes=256, weights=file)


@pytest.mark.parametrize(
    "content", [None, b"", b"no weights", b"\x89HDF\r\n\x1a\n" + b"\x00" * 50, b"PK\x05\x06" + b"\x00" * 18]
)
def test_a_file_that_is_no_weights_is_refused(tmp_path: Path, content: bytes | None) -> None:
    """A missing, empty, foreign, cut or empty-archive file is an error that names it."""
    file = tmp_path / "mine.weights.h5"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(WeightsError, match=r"mine\.weights\.h5"):
        build_model("mobilenet_v1", 0.25, 32, weights=file)


def test_engines_answer_alike_for_any_number_of_images(tiny: Any, flatbuffer: bytes, batch: Any) -> None:
    """Packed for LiteRT or TensorFlow, 0, 1 and 7 images get the same scores and features, each in its own output."""
    fast, reference = open_engine(PackedModel("litert", flatbuffer)), open_engine(pack(tiny, "tensorflow"))
    assert fast.resolution == reference.resolution == 32
    for count in (0, 1, 7):
        ours, theirs = fast.run(batch[:count]), reference.run(batch[:count])
        for scored in (ours, theirs):
            assert scored.scores.shape == scored.features.shape == (count, 256)
            assert scored.scores.dtype == scored.features.dtype == np.float32
            assert np.allclose(scored.scores.sum(axis=1), 1, atol=1e-5)
        assert np.allclose(ours.scores, theirs.scores, atol=1e-5)
        assert np.allclose(ours.features, theirs.features, atol=1e-5)


def test_an_image_does_not_depend_on_its_batch(flatbuffer: bytes, batch: Any) -> None:
    """LiteRT gives an image the same bits alone, in a batch, and with another number of threads."""
    whole = LiteRtEngine(flatbuffer).run(batch)
    alone = LiteRtEngine(flatbuffer, threads=2)
    for row in range(len(batch)):
        single = alone.run(batch[row : row + 1])
        assert np.array_equal(single.scores[0], whole.scores[row])
        assert np.array_equal(single.features[0], whole.features[row])


def test_a_converted_model_can_take_any_batch(flatbuffer: bytes) -> None:
    """The flatbuffer's batch dimension is open, for engines that want to score several images at once."""
    from ai_edge_litert.interpreter import Interpreter  # type: ignore[import-untyped]

    (pixels,) = Interpreter(model_content=flatbuffer).get_input_details()
    assert pixels["shape_signature"].tolist() == [-1, 32, 32, 3]


def test_conversion_is_silent_about_its_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """A network of one output converts without a word on standard output, and is refused for lack of the other."""
    keras = import_tensorflow().keras
    pixels = keras.Input((32, 32, 3))
    converted = convert(keras.Model(pixels, keras.layers.Flatten()(pixels)))
    assert capsys.readouterr().out == ""
    with pytest.raises(ValueError, match=r"outputs \['features', 'scores'\], found"):
        LiteRtEngine(converted)
