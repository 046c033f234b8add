"""What jobs that train networks read once: which input a network takes, how it is trained, and its weights."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_uri
from imagelake.runtime.resolve.network import local_weights, weights_files
from imagelake.training.network_settings import (
    GREY,
    GREY_SIDE,
    LINEAR,
    MOBILENETS,
    ON_FEATURES,
    InputForm,
    NetworkSettings,
    Start,
)
from imagelake.vision.weights_network import hyperparameters_of

if TYPE_CHECKING:
    from imagelake.config import Classifier, Config, Imbalance, TrainSection
    from imagelake.lake.storage import Storage

_STRIDE = 32  # MobileNet halves its input five times


def on_pixels(model: str) -> bool:
    """Whether a classifier is trained on images, not on stored features."""
    return model not in (LINEAR, *ON_FEATURES)


def input_form(model: Classifier, config: Config, width: int) -> InputForm:
    """What a network is given of an image.

    Args:
        model: its name.
        config: says the side of images.
        width: D, of stored features.
    """
    if model in ON_FEATURES:
        return InputForm(model, width=width)
    return InputForm(model, side=GREY_SIDE if model in GREY else config.train.side or config.model.resolution)


def network_settings(train: TrainSection, imbalance: Imbalance, learning_rate: float) -> NetworkSettings:
    """How a network of a grid is trained."""
    shared = {name: getattr(train, name) for name in NetworkSettings.__dataclass_fields__}
    return NetworkSettings(**{**shared, "imbalance": imbalance, "learning_rate": learning_rate})


def check_networks(config: Config, models: Iterable[str]) -> None:
    """Judge networks before anything is read.

    Raises:
        ImageLakeError: a MobileNet is to start from the lake's weights, which are of the other one; or an image's side
            does not fit.
    """
    side = config.train.side or config.model.resolution
    for model in models:
        if model not in MOBILENETS:
            continue
        if not config.train.weights and model != config.model.architecture:
            raise ImageLakeError(
                f"{model} starts from the lake's own weights, which are of {config.model.architecture}: name others by "
                f"train.weights, or train {config.model.architecture}"
            )
        if side % _STRIDE:
            raise ImageLakeError(f"train.side = {side}: {model} takes a multiple of {_STRIDE}")


def start_files(config: Config, models: Iterable[str]) -> tuple[str, ...]:
    """The weights files that networks start from."""
    if not any(map(on_pixels, models)):
        return ()
    if config.train.weights:
        return (to_uri(config.train.weights),)
    return weights_files(config.model) if any(model in MOBILENETS for model in models) else ()


def start_of(model: str, config: Config, storage: Storage) -> Start:
    """What a network starts from.

    Raises:
        ImageLakeError: the weights are missing, or of another MobileNet.
    """
    train = config.train
    if not on_pixels(model) or model in GREY or not (train.weights or model in MOBILENETS):
        return Start()
    with tempfile.TemporaryDirectory() as scratch:
        if train.weights:
            file = Path(scratch) / "weights.h5"
            storage.download(to_uri(train.weights), file)
        else:
            file = local_weights(config.model, Path(scratch), storage)
        alpha = hyperparameters_of(file).alpha if model in MOBILENETS else 1.0
        return Start(alpha, file.read_bytes(), train.unfrozen_blocks)
