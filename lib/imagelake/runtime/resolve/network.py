"""The network: its weights as local files, and the converted one of a lake."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.lake.storage import to_uri
from imagelake.transforms.predict.model import Weights, network_file
from imagelake.vision.packed import PackedModel

if TYPE_CHECKING:
    from imagelake.config import ModelSection
    from imagelake.lake.storage import Storage

SAMPLE_WEIGHTS = "samples/weights/mobilenet_v1_0.25_128.weights.h5"


def weights_files(model: ModelSection) -> tuple[str, ...]:
    """The user's own weights; what ships with the library is part of its version."""
    return () if model.weights in ("sample", "imagenet") else (to_uri(model.weights),)


def local_weights(weights: str, scratch: Path, storage: Storage) -> Weights:
    """The weights as the driver reads them.

    Args:
        weights: as in model.weights.
        scratch: a local folder to bring them to.
        storage: where the user's own are read.

    Raises:
        ImageLakeError: there is no such file.
    """
    if weights == "imagenet":
        return "imagenet"
    local = scratch / Path(weights).name
    if weights == "sample":
        local.write_bytes((resources.files("imagelake") / SAMPLE_WEIGHTS).read_bytes())
    else:
        storage.download(to_uri(weights), local)
    return local


def load_network(folder: str, model: ModelSection, storage: Storage) -> PackedModel:
    """The converted network of a published folder, which needs no TensorFlow where its engine is LiteRT.

    Raises:
        ImageLakeError: it was converted for another engine or precision than the configured one.
    """
    file = f"{folder}/{network_file(model)}"
    if not storage.exists(file):
        raise ImageLakeError(
            f"{folder} holds no network for model.engine={model.engine} and model.precision={model.precision}: "
            "run convert_model with them"
        )
    return PackedModel(model.engine, storage.read_bytes(file))
