"""What jobs that train classifiers read once: the images, which input a network takes, and its weights."""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_uri
from imagelake.runtime.resolve.feature_files import feature_rows
from imagelake.runtime.resolve.network import load_network, local_weights, weights_files
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
from imagelake.transforms.predict.model import PREDICTION_SETTINGS, features_name, require_features
from imagelake.transforms.training.rows_of_files import FileColumns, tables_of_rows
from imagelake.transforms.training.training_images import CHOSEN_FROM
from imagelake.vision.weights_network import hyperparameters_of

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

    from imagelake.config import Classifier, Config, Imbalance, TrainSection
    from imagelake.lake.storage import Storage
    from imagelake.runtime.job import Work

LAKE_SOURCE = ("labels_clean", "predictions", "model")
DUPLICATES = "duplicate_groups"
_STRIDE = 32  # MobileNet halves its input five times


class TrainingSource(NamedTuple):
    """Where a classifier's images come from: the lake, or files of features.

    Attributes:
        labels: image_id, label, split.
        tables: those of CHOSEN_FROM.
        features: the name of the features, which a head fits.
        inputs: table or file -> its run or digest.
    """

    labels: DataFrame
    tables: Mapping[str, DataFrame]
    features: str
    inputs: Mapping[str, str]


def training_source(work: Work, config: Config, models: Iterable[str]) -> TrainingSource:
    """The labels and features to learn from.

    Args:
        work: of the job.
        config: names the network of the lake, or files.
        models: that learn.

    Raises:
        ImageLakeError: the lake's features were made with another network or other settings than the configured ones,
            or files lack a column.
    """
    train, lake = config.train, work.lake
    if train.features:
        names = FileColumns(
            train.id_column, train.label_column, train.split_column, train.features_column, train.drop_columns
        )
        labels, tables = tables_of_rows(feature_rows(lake, train.features, train.features_column), names)
        file = to_uri(train.features)
        return TrainingSource(labels, tables, f"features of {train.features}", {file: lake.storage.digest(file)})
    require_features(lake.require("predictions"), lake.require("model"), config.digest(PREDICTION_SETTINGS))
    tables = {name: work.read(name) for name in CHOSEN_FROM}
    network = features_name(load_network(work.folder("model"), config.model, lake.storage), config.model)
    more = ("image_bytes",) if any(map(on_pixels, models)) else ()
    duplicates = (DUPLICATES,) if work.has(DUPLICATES) else ()
    runs = {name: lake.require(name).run_id for name in (*LAKE_SOURCE, *more, *duplicates)}
    return TrainingSource(work.read("labels_clean"), tables, network, runs)


def training_key(config: Config, source: TrainingSource, models: Iterable[str], storage: Storage) -> str:
    """A hash of all that weights depend on: what is kept of an interrupted training counts for the same one."""
    parts = [config.digest(["train", "model"]), *(f"{name}={version}" for name, version in source.inputs.items())]
    parts += [storage.digest(file) for file in start_files(config, models)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def source_tables(config: Config, models: Iterable[str]) -> tuple[str, ...]:
    """The tables of the lake that are needed: none with files; the images themselves where a network takes pixels."""
    if config.train.features:
        return ()
    always = (*LAKE_SOURCE, "images", "hierarchy")
    return (*always, "image_bytes") if any(map(on_pixels, models)) else always


def source_files(config: Config, models: Iterable[str]) -> tuple[str, ...]:
    """The files of features, and the weights that networks start from."""
    features = (to_uri(config.train.features),) if config.train.features else ()
    return (*features, *start_files(config, models))


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
        ImageLakeError: a network on pixels is to learn from files of features; a MobileNet is to start from the lake's
            weights, which are of the other one; or an image's side does not fit.
    """
    side = config.train.side or config.model.resolution
    for model in models:
        if config.train.features and on_pixels(model):
            raise ImageLakeError(
                f"{model} learns from pixels, and train.features = {config.train.features!r} has none: "
                f"train {LINEAR}, {' or '.join(ON_FEATURES)}"
            )
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
