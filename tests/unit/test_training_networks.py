"""Networks on a few made images: their layers, what they start from, when training ends, and what is published."""

from __future__ import annotations

import inspect
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from numpy.typing import NDArray

from imagelake.arrays.array_files import read_arrays
from imagelake.config import Classifier, Imbalance, load_config
from imagelake.errors import ImageLakeError
from imagelake.training.application_networks import block_of
from imagelake.training.batches import PackedImages, augmented
from imagelake.training.imbalance import drawn_rows
from imagelake.training.network_settings import APPLICATIONS, InputForm, NetworkSettings, Start
from imagelake.training.network_training import TrainedNetwork, train_network, use_one_core
from imagelake.training.networks import build_network, parameters_of
from imagelake.vision.engine import unit_length
from imagelake.vision.litert import LiteRtEngine, convert
from imagelake.vision.mobilenet import build_model
from imagelake.vision.preprocess import normalise
from imagelake.vision.tensorflow_import import import_tensorflow
from imagelake.vision.trained_network import FeatureNetwork, PackedNetwork, TrainedCard
from imagelake.vision.weights_file import WeightsError
from project import PROJECT

sys.path.insert(0, str(PROJECT / "scripts" / "benchmarks" / "training"))

from made_scans import LABELS, write_scans

D, K = 12, 3
SETTINGS = NetworkSettings(1e-2, "cosine", 4, 0, 32, 0.2, 1e-4, 0.0, False, (16,), "none", 7)
WEIGHTS = PROJECT / "lib" / "imagelake" / "samples" / "weights" / "mobilenet_v1_0.25_128.weights.h5"


@pytest.fixture(scope="module", autouse=True)
def _one_core() -> None:
    use_one_core()


def features(counts: tuple[int, ...] = (80, 80, 80), model: str = "hidden") -> PackedImages:
    """Overlapping labels."""
    random = np.random.default_rng(3)
    classes = np.repeat(np.arange(len(counts)), counts)
    values = random.normal(size=(len(classes), D)) + random.normal(size=(len(counts), D))[classes]
    order = random.permutation(len(classes))
    return PackedImages(
        InputForm(model, width=D), values[order].astype(np.float32), classes[order], np.arange(len(order))
    )


def trained(images: PackedImages, **changes: Any) -> TrainedNetwork:
    return train_network(images, np.arange(len(images.classes)), K, replace(SETTINGS, **changes), Start())


def scores(found: TrainedNetwork, images: PackedImages) -> NDArray[np.float32]:
    return found.scores(images, np.arange(len(images.classes)), 64)


@pytest.mark.parametrize(
    ("model", "parameters"), [("cnn_large", 3_705_475), ("cnn_medium", 1_968_707), ("cnn_small", 92_579)]
)
def test_the_small_cnns_have_the_layers_of_their_source(model: str, parameters: int) -> None:
    """On grey images of 64 x 64, with three labels."""
    built = build_network(InputForm(model, side=64), 3, SETTINGS, Start())
    assert built.trained.input_shape == (None, 64, 64, 1)
    assert parameters_of(built) == parameters


def test_every_network_of_keras_can_be_named() -> None:
    """The names are those of tf.keras.applications, where MobileNet is called by its version."""
    applications = import_tensorflow().keras.applications
    known = {name for name, value in vars(applications).items() if inspect.isfunction(value)}
    assert set(APPLICATIONS) == known - {"MobileNet", "MobileNetV2"}


@pytest.mark.parametrize("setting", ['train.model="resnet50"', 'runs.models=["linear", "hiden"]'])
def test_an_unknown_name_is_an_error_of_the_configuration(setting: str) -> None:
    """Before any job starts; the message has the valid names."""
    with pytest.raises(ImageLakeError, match=r"(resnet50|hiden).*'linear', 'hidden'.*'ResNet50'"):
        load_config(settings=[setting])
    assert "linear" in get_args(Classifier)


def test_equal_seeds_give_equal_networks() -> None:
    """To the last bit, wherever the images lie; another seed gives another network; both tell the labels apart."""
    images = features()
    first, again = (
        scores(trained(images, patience=2, epochs=2), images),
        scores(trained(images, patience=2, epochs=2), images),
    )
    np.testing.assert_array_equal(first, again)
    at = np.random.default_rng(1).permutation(len(images.classes))
    moved = replace(images, values=images.values[np.argsort(at)], positions=at)
    np.testing.assert_array_equal(first, scores(trained(moved, patience=2, epochs=2), moved))
    assert not np.array_equal(first, scores(trained(images, patience=2, epochs=2, seed=8), images))
    assert (first.argmax(axis=1) == images.classes).mean() > 0.6


def test_the_best_weights_are_restored() -> None:
    """Of labels at random nothing can be learnt: the loss of images kept aside rises, and training ends."""
    images = features()
    noise = replace(images, classes=np.random.default_rng(0).permutation(images.classes))
    found = trained(noise, patience=3, epochs=40, learning_rate=3e-2, schedule="constant", dropout=0.0)
    asides = [epoch.loss_aside for epoch in found.fit.curve if epoch.loss_aside is not None]
    assert found.fit.stopped
    assert found.fit.best == int(np.argmin(asides)) == len(asides) - 4
    whole = trained(noise, patience=0, epochs=found.fit.best + 1, learning_rate=3e-2, schedule="constant", dropout=0.0)
    assert [epoch.loss_aside for epoch in whole.fit.curve] == [None] * (found.fit.best + 1)
    # The network before its best epoch, or after it, is another one.
    again = trained(noise, patience=40, epochs=found.fit.best + 1, learning_rate=3e-2, schedule="constant", dropout=0.0)
    np.testing.assert_array_equal(scores(found, noise), scores(again, noise))


@pytest.mark.parametrize(
    ("imbalance", "wanted"), [("none", (40, 11, 6)), ("over", (40,) * 3), ("under", (6,) * 3), ("both", (15,) * 3)]
)
def test_images_are_drawn_as_imbalanced_learn_means_it(imbalance: Imbalance, wanted: tuple[int, ...]) -> None:
    """Over-sampling keeps every image and repeats some, under-sampling repeats none, and all labels get as many."""
    classes = np.repeat(np.arange(3), (40, 11, 6))
    rows = drawn_rows(classes, imbalance, np.random.default_rng(2))
    assert tuple(np.bincount(classes[rows])) == wanted
    times = np.bincount(rows, minlength=len(classes))
    for number, target in enumerate(wanted):
        of_label = times[classes == number]
        assert of_label.max() - of_label.min() <= 1
        assert of_label.min() >= 1 or target < len(of_label)
    if imbalance != "none":
        assert not np.array_equal(rows, drawn_rows(classes, imbalance, np.random.default_rng(3)))


def test_logit_adjustment_takes_away_what_labels_are_more_frequent() -> None:
    """The scores are those of the plain network, each divided by its label's share, and add up to 1."""
    images = features((100, 40, 10))
    plain = scores(trained(images), images)
    expected = plain / (np.array([100, 40, 10]) / 150)
    adjusted = scores(trained(images, imbalance="logit_adjustment"), images)
    np.testing.assert_allclose(adjusted, expected / expected.sum(axis=1, keepdims=True), atol=1e-5)
    rare = images.classes == 2
    for imbalance in ("balanced_softmax", "class_weights"):
        found = scores(trained(images, imbalance=imbalance), images)
        assert found[rare, 2].mean() > plain[rare, 2].mean() + 0.05


def test_a_rare_label_is_found_where_images_are_drawn_alike_of_all(tmp_path: Path) -> None:
    """Scans of 79, 19 and 2 %, one-hot beside an array: by frequency alone the rare label is never predicted.

    They are smaller, fewer and plainer than those that scripts/bench training --write-scans makes by itself.
    """
    write_scans(tmp_path, 1_000, strength=4.0)
    (scans,) = read_arrays([tmp_path / "scans.npy", tmp_path / "scans.csv"])
    classes = np.array([LABELS.index(str(label)) for label in scans.labels])
    assert list(np.bincount(classes)) == [790, 190, 20]
    small = scans.pixels.reshape(-1, 16, 4, 16, 4).mean(axis=(2, 4)).astype(np.uint8)[..., None]
    images = PackedImages(InputForm("cnn_small", side=16), small, classes, np.arange(len(classes)))
    learnt = np.array(scans.splits) == "train"
    recall = {}
    for imbalance in ("none", "over"):
        settings = replace(SETTINGS, imbalance=imbalance, learning_rate=2e-3, epochs=3, dropout=0.5)
        found = train_network(images, np.flatnonzero(learnt), K, settings, Start())
        rare = np.flatnonzero(~learnt & (classes == 2))
        recall[imbalance] = (found.scores(images, rare, 64).argmax(axis=1) == 2).mean()
    assert recall["none"] == 0
    assert recall["over"] >= 0.5


def test_a_small_cnn_tells_x_rays_apart(shared_data: Path) -> None:
    """A third of MedMNIST's chest X-rays, 28 x 28; nine in ten of them are ill, but six in ten of the test images."""
    arrays = list(read_arrays([shared_data / "lung" / "pneumoniamnist.npz"]))
    pixels = np.concatenate([array.pixels for array in arrays])[..., None]
    classes = np.array([int(str(label)) for array in arrays for label in array.labels])
    splits = np.array([split for array in arrays for split in array.splits])
    images = PackedImages(InputForm("cnn_small", side=28), pixels, classes, np.arange(len(classes)))
    learnt, test = np.flatnonzero(splits == "train")[::3], np.flatnonzero(splits == "test")
    settings = replace(SETTINGS, imbalance="over", learning_rate=1e-3, epochs=3, dropout=0.5)
    found = train_network(images, learnt, 2, settings, Start())
    assert (found.scores(images, test, 64).argmax(axis=1) == classes[test]).mean() >= 0.82


def test_a_loss_that_is_no_number_is_an_error() -> None:
    """It says the epoch, and what to change."""
    with pytest.raises(ImageLakeError, match=r"the loss is (nan|inf).*lower train\.learning_rate"):
        trained(features(), learning_rate=1e38, epochs=3)


def test_a_label_without_images_is_an_error() -> None:
    """A fold may hold all of them."""
    with pytest.raises(ImageLakeError, match="1 of 3 labels have no image to learn from"):
        trained(features((40, 40)))


@pytest.mark.parametrize("model", ["hidden", "conv1d"])
def test_a_published_network_on_features_predicts_what_keras_does(model: str) -> None:
    """LiteRT without TensorFlow; features are brought to unit length, and those of another width are refused."""
    images = features(model=model)
    units = replace(images, values=unit_length(images.values))
    found = trained(units)
    card = TrainedCard(
        "mine", "some", ("a", "b", "c"), 0, 7, (80,) * 3, {}, {}, {}, "1", model, "features", 0, "crop", {}
    )
    assert TrainedCard.from_json(card.to_json()) == card
    opened = FeatureNetwork(PackedNetwork(card.to_json(), convert(found.built.published())))
    np.testing.assert_allclose(opened.scores(3 * images.values), scores(found, units), atol=1e-5)
    with pytest.raises(ImageLakeError, match="mine was trained on 12 features an image, these have 5"):
        opened.scores(np.ones((1, 5), np.float32))


@pytest.mark.parametrize(("model", "side"), [("cnn_small", 64), ("mobilenet_v1", 32)])
def test_a_published_network_on_pixels_predicts_what_keras_does(model: str, side: int) -> None:
    """From RGB pixels as the lake prepares them, with pooled features, whatever the network itself takes."""
    form = InputForm(model, side=side)
    start = Start(0.25, WEIGHTS.read_bytes(), 1) if model == "mobilenet_v1" else Start()
    built = build_network(form, K, SETTINGS, start)
    grey = np.random.default_rng(4).integers(0, 256, (2, side, side, 1), np.uint8)
    pixels = np.repeat(grey, 3, axis=3)
    images = PackedImages(form, grey if form.channels == 1 else pixels, np.zeros(2, np.int64), np.arange(2))
    expected = built.scoring(images.numbers(np.arange(2)), training=False)
    found = LiteRtEngine(convert(built.published())).run(pixels)
    np.testing.assert_allclose(found.scores, expected["scores"], atol=1e-4)
    np.testing.assert_allclose(found.features, expected["features"], rtol=1e-3, atol=1e-4)


def test_another_network_starts_from_its_weights(tmp_path: Path) -> None:
    """Its feature map is that of Keras' own network for the levels that Keras gives it; others' weights are refused."""
    keras = import_tensorflow().keras
    make, shape = keras.applications.MobileNetV3Small, (32, 32, 3)
    whole = make(input_shape=shape, weights=None)
    whole.save_weights(tmp_path / "whole.weights.h5")
    bare = make(input_shape=shape, weights=None, include_top=False, pooling="avg")
    bare.set_weights(whole.get_weights()[: len(bare.get_weights())])
    start = Start(weights=(tmp_path / "whole.weights.h5").read_bytes(), unfrozen_blocks=1)
    built = build_network(InputForm("MobileNetV3Small", side=32), K, SETTINGS, start)
    levels = np.random.default_rng(2).integers(0, 256, (2, *shape)).astype(np.float32)
    found = built.scoring(levels / np.float32(127.5) - 1)["features"]
    np.testing.assert_allclose(found, bare(levels), rtol=1e-3, atol=1e-5)
    with pytest.raises(WeightsError, match="does not fit MobileNetV3Small with 1,000 classes, or without"):
        build_network(InputForm("MobileNetV3Small", side=32), K, SETTINGS, replace(start, weights=WEIGHTS.read_bytes()))


def test_a_mobilenet_starts_from_its_weights_and_trains_its_last_blocks() -> None:
    """Its features are those of the network that the lake uses; what is frozen stays as it was to the last bit."""
    random = np.random.default_rng(5)
    classes = np.arange(24) % K
    pixels = random.integers(0, 256, (24, 32, 32, 3), np.uint8)
    form = InputForm("mobilenet_v1", side=32)
    start = Start(0.25, WEIGHTS.read_bytes(), 1)
    built = build_network(form, K, SETTINGS, start)
    reference = build_model("mobilenet_v1", 0.25, 32, 10, WEIGHTS)
    np.testing.assert_allclose(
        built.scoring(normalise(pixels))["features"], reference(normalise(pixels))["features"], rtol=1e-4, atol=1e-5
    )
    images, rows = PackedImages(form, pixels, classes, np.arange(24)), np.arange(24)
    found = train_network(images, rows, K, replace(SETTINGS, epochs=1), start)
    before, after = (_weights_by_layer(one.trained) for one in (built, found.built))
    changed = {name for name in before if any((a != b).any() for a, b in zip(before[name], after[name], strict=True))}
    assert {name for name in changed if name != "logits"} == {"conv_dw_13", "conv_pw_13"}
    with pytest.raises(ImageLakeError, match=r"unfrozen_blocks = 14: .* has 13"):
        build_network(form, K, SETTINGS, replace(start, unfrozen_blocks=14))


def _weights_by_layer(network: Any) -> dict[str, list[NDArray[np.float32]]]:
    parts = [layer for part in network.layers if hasattr(part, "layers") for layer in part.layers]
    return {layer.name: layer.get_weights() for layer in (*parts, network.get_layer("logits")) if layer.weights}


@pytest.mark.parametrize(
    ("layer", "block"),
    [
        ("conv_dw_13_bn", "conv_13"),
        ("conv_pw_13", "conv_13"),
        ("block_16_project", "block_16"),
        ("conv5_block3_2_conv", "conv5_block3"),
        ("block5_conv2", "block5"),
        ("block7a_expand_conv", "block7a"),
        ("mixed10", "mixed10"),
        ("expanded_conv_10_project_bn", "expanded_conv_10"),
        ("convnext_tiny_stage_3_block_2_identity", "convnext_tiny_stage_3_block_2"),
        ("Conv_1", None),
        ("conv1_pad", None),
    ],
)
def test_layers_are_in_the_blocks_of_their_names(layer: str, block: str | None) -> None:
    """As Keras names them in its families."""
    assert block_of(layer) == block


def test_augmented_images_are_flipped_and_shifted() -> None:
    """Each is one of the images that a flip and a shift by an eighth at most can give; none of them is left out."""
    image = np.random.default_rng(0).normal(size=(8, 8, 1)).astype(np.float32)
    possible = {
        np.pad(one, ((1, 1), (1, 1), (0, 0)), mode="edge")[top : top + 8, left : left + 8].tobytes()
        for one in (image, image[:, ::-1])
        for top in range(3)
        for left in range(3)
    }
    made = augmented(np.repeat(image[None], 400, axis=0), np.random.default_rng(1))
    assert {one.tobytes() for one in made} == possible
