"""The training of one network on one core: a function from packed images and settings to scores, weights and a curve.

Letters: N images, K classes.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelake.errors import ImageLakeError
from imagelake.training.batches import Drawing, PackedImages, Steps
from imagelake.training.fitting import Fit, fit
from imagelake.training.imbalance import class_weights, drawn_rows
from imagelake.training.network_settings import InputForm, NetworkSettings, Start
from imagelake.training.networks import BuiltNetwork, build_network
from imagelake.vision.tensorflow_import import import_tensorflow

KEPT_ASIDE = 10  # one of so many training images says when training ends
ROWS_AT_ONCE = 4_096


@dataclass(frozen=True, eq=False)
class TrainedNetwork:
    """A network with the weights of its best epoch, and how it came about."""

    built: BuiltNetwork
    fit: Fit

    def scores(self, images: PackedImages, rows: NDArray[np.int64], batch_size: int) -> NDArray[np.float32]:
        """Scores float32 [N, K] of some rows."""
        parts = [
            self.built.scoring(images.numbers(rows[start : start + batch_size]), training=False)["scores"].numpy()
            for start in range(0, len(rows), batch_size)
        ]
        return np.concatenate(parts)


def use_one_core() -> None:
    """Have TensorFlow compute on one thread: several tasks share a machine, and sums then have one order."""
    tensorflow = import_tensorflow()
    try:
        tensorflow.config.threading.set_intra_op_parallelism_threads(1)
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        return  # this process has computed with other threads before, such as a notebook's


def train_network(
    images: PackedImages, rows: NDArray[np.int64], classes: int, settings: NetworkSettings, start: Start
) -> TrainedNetwork:
    """Train a network; equal arguments give equal weights on one thread.

    With patience a tenth of each class is kept aside, and training ends when its loss does not fall any more.

    Args:
        images: all of them.
        rows: int64, those to learn from.
        classes: K; each has an image among the rows.
        settings: how.
        start: what a network of tf.keras.applications starts from.

    Raises:
        ImageLakeError: the loss is no number, a class has no image to learn from, or the weights do not fit.
    """
    keras = import_tensorflow().keras
    keras.backend.clear_session()
    keras.utils.set_random_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    learnt, aside = _kept_aside(images.classes, rows, random) if settings.patience else (rows, rows[:0])
    counts = np.bincount(images.classes[learnt], minlength=classes).astype(np.int64)
    if not counts.all():
        raise ImageLakeError(f"{int((counts == 0).sum())} of {classes} labels have no image to learn from in this fold")
    scaling = _moments(images, learnt) if images.form.width else None
    built = build_network(images.form, classes, settings, start, scaling)
    weighted = settings.imbalance == "class_weights"
    weights = class_weights(counts).astype(np.float32) if weighted else np.ones(classes, np.float32)

    def drawn() -> NDArray[np.int64]:
        of_epoch = learnt[drawn_rows(images.classes[learnt], settings.imbalance, random)]
        return random.permutation(of_epoch)

    augmenting = random if settings.augment and not images.form.width else None
    prior = np.log(counts / counts.sum()) if settings.imbalance == "balanced_softmax" else np.zeros(classes)
    with tempfile.TemporaryDirectory(prefix="frozen-") as scratch:
        fitted = built.trained
        if built.frozen is not None and augmenting is None:
            images, fitted = _past_the_frozen(built, images, rows, settings.batch_size, Path(scratch)), built.rest
        steps = Steps(images, Drawing(drawn, weights, augmenting), settings.batch_size)
        fitted.compile(_optimizer(keras, settings, len(steps)), _loss(keras, settings, prior), jit_compile=False)
        of_aside = Drawing(lambda: aside, np.ones(classes, np.float32))
        judging = Steps(images, of_aside, settings.batch_size) if len(aside) else None
        done = fit(fitted, steps, judging, settings)
    if settings.imbalance == "logit_adjustment":
        built.adjust(counts)
    return TrainedNetwork(built, done)


def _past_the_frozen(
    built: BuiltNetwork, images: PackedImages, rows: NDArray[np.int64], batch_size: int, scratch: Path
) -> PackedImages:
    """What the frozen layers give of some rows, in a memory-mapped file: it is the same in each epoch.

    That of the other rows is never read.
    """
    shape = built.frozen.output_shape[1:]
    values = np.memmap(scratch / "frozen", np.float32, "w+", shape=(len(rows), *shape))
    for start in range(0, len(rows), batch_size):
        part = rows[start : start + batch_size]
        values[start : start + len(part)] = built.frozen(images.numbers(part), training=False).numpy()
    positions = np.full(len(images.classes), -1, np.int64)
    positions[rows] = np.arange(len(rows))
    return PackedImages(InputForm(images.form.model, width=shape[-1]), values, images.classes, positions)


def _kept_aside(
    classes: NDArray[np.int64], rows: NDArray[np.int64], random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Rows to learn from and a tenth of each class to stop by, rounded down."""
    aside = []
    for number in np.unique(classes[rows]):
        of_class = random.permutation(rows[classes[rows] == number])
        aside.append(of_class[: len(of_class) // KEPT_ASIDE])
    kept = np.sort(np.concatenate(aside))
    return np.setdiff1d(rows, kept), kept


def _moments(images: PackedImages, rows: NDArray[np.int64]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Mean and variance of each feature of some rows, read a block at a time; a variance of 0 counts as 1."""
    sums = np.zeros((2, images.form.width))
    for start in range(0, len(rows), ROWS_AT_ONCE):
        values = images.numbers(rows[start : start + ROWS_AT_ONCE]).astype(np.float64)
        sums += values.sum(axis=0), (values**2).sum(axis=0)
    mean = sums[0] / len(rows)
    variance = np.maximum(sums[1] / len(rows) - mean**2, 0)
    changes = variance > 1e-12 * max(float(variance.max()), 1e-30)
    return mean.astype(np.float32), np.where(changes, variance, 1).astype(np.float32)


def _optimizer(keras: Any, settings: NetworkSettings, steps: int) -> Any:
    rate: Any = settings.learning_rate
    if settings.schedule == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, steps * settings.epochs)
    optimizer = keras.optimizers.AdamW(rate, weight_decay=settings.weight_decay)
    optimizer.exclude_from_weight_decay(var_names=["bias", "gamma", "beta"])
    return optimizer


def _loss(keras: Any, settings: NetworkSettings, prior: NDArray[np.float64]) -> Any:
    """Cross-entropy of logits; with the logarithms of the labels' shares added it is Ren et al.'s balanced softmax."""
    entropy = keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=settings.label_smoothing, reduction=None
    )
    added = prior.astype(np.float32)
    return lambda truth, logits: entropy(truth, logits + added)


def archive_of(built: BuiltNetwork) -> bytes:
    """The published network as a .keras file."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "network.keras"
        built.published().save(file)
        return file.read_bytes()
