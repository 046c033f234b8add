"""The epochs of a network: the steps that it is shown, and the weights and losses that come of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from imagelake.errors import ImageLakeError
from imagelake.training.batches import Drawing, PackedImages, Steps
from imagelake.training.fitting import fit
from imagelake.training.network_settings import InputForm, NetworkSettings
from imagelake.training.network_training import use_one_core
from imagelake.vision.tensorflow_import import import_tensorflow

N, D, K = 70, 6, 3
SETTINGS = NetworkSettings(1e-2, "constant", 3, 0, 32, 0.0, 0.0, 0.0, False, (), "none", 7)
WEIGHTS = np.array([1, 2, 0.5], np.float32)


@pytest.fixture(scope="module", autouse=True)
def _one_core() -> None:
    use_one_core()


@pytest.fixture
def images() -> PackedImages:
    """Numbers and classes at random."""
    random = np.random.default_rng(3)
    values = random.normal(size=(N, D)).astype(np.float32)
    return PackedImages(InputForm("hidden", width=D), values, random.integers(0, K, N), np.arange(N))


def network(rate: float = 1e-2) -> Any:
    """A compiled network, always with the same weights; normalisation has weights that no gradient changes."""
    keras = import_tensorflow().keras
    keras.utils.set_random_seed(1)
    given = keras.Input((D,))
    normalised = keras.layers.BatchNormalization()(keras.layers.Dense(8, activation="relu")(given))
    made = keras.Model(given, keras.layers.Dense(K)(normalised))
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    made.compile(keras.optimizers.AdamW(rate), loss, jit_compile=False)
    return made


def in_order(images: PackedImages, rows: int = N) -> Steps:
    return Steps(images, Drawing(lambda: np.arange(rows), WEIGHTS), SETTINGS.batch_size)


def test_an_epoch_shows_what_was_drawn_for_it(images: PackedImages) -> None:
    """Every drawn image once in its order, with its class and its class's weight; the last step has the remainder."""
    drawn = [np.array([5, 3, 69]), np.arange(N)[::-1], np.array([1])]
    steps = Steps(images, Drawing(iter(drawn).__next__, WEIGHTS), 32)
    for wanted, count in zip(drawn[:2], (1, 3), strict=True):
        assert len(steps) == count
        numbers, classes, weights = map(np.concatenate, zip(*steps.epoch(), strict=True))
        np.testing.assert_array_equal(numbers, images.values[wanted])
        np.testing.assert_array_equal(classes, np.identity(K)[images.classes[wanted]])
        np.testing.assert_array_equal(weights, WEIGHTS[images.classes[wanted]])


def test_the_weights_are_those_of_keras_fit(images: PackedImages) -> None:
    """The same steps give the same losses, of images kept aside as well, and the same weights as Keras' own loop."""
    ours, theirs = network(), network()
    found = fit(ours, in_order(images), in_order(images, 40), SETTINGS)
    tensorflow = import_tensorflow()
    shown, judged = (
        tensorflow.data.Dataset.from_tensor_slices(tuple(map(np.concatenate, zip(*steps.epoch(), strict=True)))).batch(
            32
        )
        for steps in (in_order(images), in_order(images, 40))
    )
    history = theirs.fit(shown, validation_data=judged, epochs=SETTINGS.epochs, shuffle=False, verbose=0).history
    np.testing.assert_allclose([epoch.loss for epoch in found.curve], history["loss"], rtol=1e-5)
    np.testing.assert_allclose([epoch.loss_aside or 0.0 for epoch in found.curve], history["val_loss"], rtol=1e-5)
    for own, other in zip(ours.get_weights(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(own, other, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("patience", [1, 2])
def test_training_ends_by_patience(images: PackedImages, patience: int) -> None:
    """With a rate that only makes it worse it ends so many epochs after the best one, whose weights it has."""
    settings = replace(SETTINGS, patience=patience, epochs=30)
    model = network(rate=0.5)
    found = fit(model, in_order(images), in_order(images, 40), settings)
    asides = [epoch.loss_aside or 0.0 for epoch in found.curve]
    assert found.stopped
    assert found.best == int(np.argmin(asides)) == len(asides) - 1 - patience
    again = network(rate=0.5)
    fit(again, in_order(images), None, replace(settings, patience=0, epochs=found.best + 1))
    for own, other in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(own, other)


def test_a_loss_that_is_no_number_ends_training(images: PackedImages) -> None:
    """The error says in which epoch, and what helps."""
    # Not through a value of an image: where it meets max(x, 0), some processors make a nought of it.
    steps = Steps(images, Drawing(lambda: np.arange(N), WEIGHTS * np.nan), SETTINGS.batch_size)
    with pytest.raises(ImageLakeError, match=r"the loss is nan in epoch 1: give a lower train\.learning_rate"):
        fit(network(), steps, None, SETTINGS)
