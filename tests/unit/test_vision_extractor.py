"""Features of a user's own network: as it gives them, beside the model's classes; and wrong files by name."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from imagelake.config import load_config
from imagelake.errors import ImageLakeError
from imagelake.taxonomy.class_map import ClassMap
from imagelake.transforms.predict.model import SAMPLE_NETWORK, features_name, save_network
from imagelake.vision.extractor import Extractor, PackedExtractor, description_file
from imagelake.vision.mobilenet import build_model
from imagelake.vision.network import open_network
from imagelake.vision.packed import PackedModel
from imagelake.vision.preprocess import InputSettings
from imagelake.vision.published_network import PublishedNetwork
from mobilenet_onnx import features_as_onnx
from project import PROJECT
from tiny_extractor import DIMENSION, description, expected, tiny_network

SIDE = 48
TINY = PackedExtractor("tiny.onnx", tiny_network(SIDE, "NCHW"), description(SIDE, "NCHW"))
MOBILENET = PackedModel("litert", (resources.files("imagelake") / SAMPLE_NETWORK).read_bytes())
WEIGHTS = PROJECT / "lib" / "imagelake" / "samples" / "weights" / "mobilenet_v1_0.25_128.weights.h5"
MOBILENET_DESCRIPTION = (
    'side = 128\nmean = [0.5, 0.5, 0.5]\ndeviation = [0.5, 0.5, 0.5]\nlayout = "{}"\noutput = "features"\n'
    "dimension = 256\n"
)


def mobilenet(ending: str) -> PackedExtractor:
    """The network of the drawn sample as a user's own file: LiteRT's, or ONNX."""
    name = f"mobilenet.{ending}"
    if ending == "tflite":
        return PackedExtractor(name, MOBILENET.payload, MOBILENET_DESCRIPTION.format("NHWC"))
    network = features_as_onnx(build_model("mobilenet_v1", 0.25, 128, 10, WEIGHTS))
    return PackedExtractor(name, network, MOBILENET_DESCRIPTION.format("NCHW"))


def noise(count: int, side: int) -> NDArray[np.uint8]:
    """Images of noise, each of another brightness."""
    pixels = np.random.default_rng(1).integers(0, 256, (count, side, side, 3))
    return (pixels * np.linspace(0.2, 1, count)[:, None, None, None]).astype(np.uint8)


def png(pixels: NDArray[np.uint8]) -> bytes:
    """An image file."""
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


@pytest.mark.parametrize("ending", ["tflite", "onnx"])
def test_mobilenet_as_an_extractor_gives_its_own_features(ending: str) -> None:
    """Taken through a file and a description, it gives the features that it has as the model, and the same classes."""
    plain, extracted = open_network(MOBILENET), open_network(replace(MOBILENET, extractor=mobilenet(ending)))
    contents = [png(image) for image in noise(5, 150)]
    settings = InputSettings(128)
    ours = plain.score([plain.prepare(content, settings) for content in contents])
    theirs = extracted.score([extracted.prepare(content, settings) for content in contents])
    assert np.array_equal(ours.scores, theirs.scores)
    assert np.abs(ours.features).max() > 0.1
    np.testing.assert_allclose(theirs.features, ours.features, atol=1e-5)


@pytest.mark.parametrize("layout", ["NHWC", "NCHW"])
def test_a_made_network_gives_its_closed_form(layout: str) -> None:
    """Levels, mean, deviation and layout reach the network as described: its features are computed by hand."""
    images = noise(4, SIDE)
    opened = Extractor(PackedExtractor("tiny.onnx", tiny_network(SIDE, layout), description(SIDE, layout)))
    np.testing.assert_allclose(opened.run(images), expected(images), atol=1e-4)
    assert opened.run(images[:0]).shape == (0, DIMENSION)
    with pytest.raises(ValueError, match=r"expected a batch uint8 \[N, 48, 48, 3\]"):
        opened.run(images[:, :-1])


def test_an_image_is_prepared_for_both_sides() -> None:
    """The model and the extractor each get the image at their own side; the classes do not change."""
    opened, alone = open_network(replace(MOBILENET, extractor=TINY)), open_network(MOBILENET)
    content, settings = png(noise(1, 200)[0]), InputSettings(128, "squeeze")
    prepared = opened.prepare(content, settings)
    assert [image.shape for image in prepared] == [(128, 128, 3), (SIDE, SIDE, 3)]
    scored = opened.score([prepared])
    assert np.array_equal(scored.scores, alone.score([alone.prepare(content, settings)]).scores)
    np.testing.assert_allclose(scored.features, expected(prepared[1][None]), atol=1e-4)


def test_a_published_network_keeps_its_extractor(tmp_path: Path) -> None:
    """Network, card, extractor and description are read back as they were, and the card names the features."""
    model, packed = load_config().model, replace(MOBILENET, extractor=TINY)
    save_network(packed, model, ClassMap(()), tmp_path)
    published = PublishedNetwork.read(lambda name: (tmp_path / name).read_bytes())
    assert published.packed == packed
    assert published.card.features == features_name(packed, model)
    assert published.card.features.startswith("tiny.onnx at 48 px ")


def test_features_of_another_network_have_another_name() -> None:
    """The name changes with the file's bytes, with the description and with the framing, and not with a comment."""
    model = load_config().model
    changed = [
        TINY,
        replace(TINY, payload=tiny_network(SIDE, "NCHW", seed=1)),
        replace(TINY, description_text=TINY.description_text.replace("0.25", "0.26")),
    ]
    names = [features_name(replace(MOBILENET, extractor=one), model) for one in (None, *changed)]
    names.append(features_name(replace(MOBILENET, extractor=TINY), model.model_copy(update={"framing": "squeeze"})))
    assert len(set(names)) == 5
    commented = replace(TINY, description_text=f"# ours\n{TINY.description_text}")
    assert commented.name == TINY.name


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("side = 48\n", "", r"tiny.toml: side is missing; it has side, mean, deviation, layout, output, dimension"),
        ("side = 48", "side = 0", r"tiny.toml: side = 0: Input should be greater than or equal to 8"),
        ("0.25", "0", r"tiny.toml: deviation.1 = 0: Input should be greater than 0"),
        ('"NCHW"', '"CHW"', r"tiny.toml: layout = 'CHW': Input should be 'NHWC' or 'NCHW'"),
        ("side", "sides", r"tiny.toml: side is missing; sides = 48: Extra inputs are not permitted"),
        ("side =", "side", r"tiny.toml is not TOML"),
        ("embedding", "embeding", r"output in tiny.toml: 'embeding'. Did you mean 'embedding'\? Known: embedding"),
        ("dimension = 6", "dimension = 7", r"tiny.toml: dimension = 7: the output embedding of tiny.onnx has 6 values"),
        ("side = 48", "side = 64", r"side = 64 and layout = 'NCHW' describe one input float32 \[1, 3, 64, 64\]; "
            r"tiny.onnx has float32 \[-1, 3, 48, 48\]"),
        ('"NCHW"', '"NHWC"', r"float32 \[1, 48, 48, 3\]; tiny.onnx has float32 \[-1, 3, 48, 48\]"),
    ],
)  # fmt: skip
def test_a_wrong_description_is_named(old: str, new: str, said: str) -> None:
    """The error has the file, the value and what it may be."""
    with pytest.raises(ImageLakeError, match=said):
        Extractor(replace(TINY, description_text=TINY.description_text.replace(old, new)))


@pytest.mark.parametrize(
    ("file", "said"),
    [("broken.onnx", "model.extractor = broken.onnx is no ONNX network: "),
     ("broken.tflite", "model.extractor = broken.tflite is no LiteRT network: ")],
)  # fmt: skip
def test_a_file_that_is_no_network_is_named(file: str, said: str) -> None:
    """Any bytes give one error with the file's name."""
    with pytest.raises(ImageLakeError, match=said):
        Extractor(replace(TINY, file=file, payload=b"<html>not a network</html>" * 9))


def test_the_ending_and_the_library_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown ending lists the known ones; ONNX without its library says how to install it."""
    with pytest.raises(ImageLakeError, match=r"'\.pt'. .*Known: \.onnx, \.tflite"):
        description_file("dinov2.pt")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(ImageLakeError, match=r"tiny.onnx: an ONNX file needs .* pip install imagelake\[onnx\]"):
        Extractor(TINY)
