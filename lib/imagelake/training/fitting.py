"""The epochs of a network: every step on the calling thread, an end by patience, the best weights restored.

Keras' own `fit` reads steps ahead in a thread and hands each through tf.data: that took two fifths of a small network's
time, and more than the one core that a task has.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from imagelake.errors import ImageLakeError
from imagelake.training.batches import Step, Steps
from imagelake.training.network_settings import NetworkSettings
from imagelake.vision.tensorflow_import import import_tensorflow


class Epoch(NamedTuple):
    """The losses after an epoch: of the training images as they were drawn, and of those kept aside, None without."""

    loss: float
    loss_aside: float | None


class Fit(NamedTuple):
    """How training went.

    Attributes:
        curve: of every epoch.
        best: the epoch whose weights the network has, from 0.
        stopped: whether training ended before the last epoch.
    """

    curve: tuple[Epoch, ...]
    best: int
    stopped: bool


def fit(model: Any, steps: Steps, aside: Steps | None, settings: NetworkSettings) -> Fit:
    """Train a compiled network.

    Args:
        model: of Keras, with a loss and without other measures.
        steps: to learn from.
        aside: whose loss says which epoch is best; None for that of the training images.
        settings: epochs and patience; with patience 0 the last epoch counts as the best one.

    Raises:
        ImageLakeError: the loss is no number.
    """
    learn = _compiled(model, model.train_step)
    judge = _compiled(model, model.test_step) if aside is not None else learn
    curve: list[Epoch] = []
    best, lowest, kept = 0, math.inf, None
    while len(curve) < settings.epochs and (not settings.patience or len(curve) - best <= settings.patience):
        loss = _loss_of(model, learn, steps)
        if not math.isfinite(loss):
            raise ImageLakeError(f"the loss is {loss} in epoch {len(curve) + 1}: give a lower train.learning_rate")
        curve.append(Epoch(loss, None if aside is None else _loss_of(model, judge, aside)))
        watched = loss if curve[-1].loss_aside is None else curve[-1].loss_aside
        if not settings.patience:
            best = len(curve) - 1
        elif watched < lowest:
            best, lowest, kept = len(curve) - 1, watched, model.get_weights()
    if kept is not None:
        model.set_weights(kept)
    return Fit(tuple(curve), best, len(curve) < settings.epochs)


def _compiled(model: Any, step: Callable[[Any], Any]) -> Callable[[Step], Any]:
    """A step of Keras as one graph, for a last step of fewer images as well."""
    tensorflow = import_tensorflow()
    given = ((None, *model.input_shape[1:]), (None, model.output_shape[-1]), (None,))
    signature = [tensorflow.TensorSpec(shape, tensorflow.float32) for shape in given]
    graph = tensorflow.function(lambda *images: step(images), signature, autograph=False).get_concrete_function()
    return lambda images: graph(*map(tensorflow.constant, images))


def _loss_of(model: Any, step: Callable[[Step], Any], steps: Steps) -> float:
    """The mean loss of an epoch."""
    model.reset_metrics()
    said = {"loss": math.nan}
    for images in steps.epoch():
        said = step(images)
    return float(said["loss"])
