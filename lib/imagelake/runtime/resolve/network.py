"""The network: its weights as local files, and the converted one of a lake."""

from __future__ import annotations

from importlib import resources
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.installation import SAMPLE_WEIGHTS
from imagelake.lake.storage import to_uri
from imagelake.transforms.predict.model import Weights, network_file
from imagelake.vision.extractor import Extractor, description_file
from imagelake.vision.packed import PackedModel
from imagelake.vision.published_network import read_extractor

if TYPE_CHECKING:
    from imagelake.config import ModelSection
    from imagelake.lake.storage import Storage
    from imagelake.vision.extractor import PackedExtractor


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
    name = PurePath(model.extractor).name
    extractor = read_extractor(name, lambda part: storage.read_bytes(f"{folder}/{part}"))
    return PackedModel(model.engine, storage.read_bytes(file), extractor)


def extractor_files(model: ModelSection) -> tuple[str, ...]:
    """The user's own network for features and its description; none by default.

    Raises:
        ImageLakeError: the file has no known ending.
    """
    if not model.extractor:
        return ()
    return to_uri(model.extractor), to_uri(description_file(model.extractor))


def configured_extractor(model: ModelSection, storage: Storage) -> PackedExtractor | None:
    """The user's own network for features, opened once to see that it is as described; None by default.

    Raises:
        ImageLakeError: a file is missing, or is not what it should be; the message names it.
    """

    def read(name: str) -> bytes:
        if not storage.exists(to_uri(name)):
            raise ImageLakeError(f"{name}: there is no such file, which model.extractor = {model.extractor} needs")
        return storage.read_bytes(to_uri(name))

    if PurePath(model.extractor).name.startswith("network."):
        raise ImageLakeError(f"model.extractor = {model.extractor}: a converted model has that name; rename the file")
    packed = read_extractor(model.extractor, read)
    if packed:
        Extractor(packed)
    return packed
