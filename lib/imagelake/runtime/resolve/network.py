"""The network: its weights as local files, and the converted one of a lake."""

from __future__ import annotations

import tempfile
from contextlib import closing
from importlib import resources
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from imagelake.errors import ImageLakeError
from imagelake.installation import SAMPLE_WEIGHTS
from imagelake.lake.storage import to_uri
from imagelake.net.part_files import WholeFile
from imagelake.net.transfer import Client, DownloadError, DownloadRetryPolicy
from imagelake.runtime.progress import announce
from imagelake.runtime.resolve.imagenet import imagenet_weights
from imagelake.runtime.resolve.labels import read_class_map
from imagelake.runtime.resolve.source import SAMPLE_FILES
from imagelake.transforms.predict.model import network_file
from imagelake.vision.extractor import Extractor, description_file
from imagelake.vision.imagenet_weights import FOLDER, ImageNetWeights, keras_folder, weights_folders
from imagelake.vision.network_card import CARD, NetworkCard
from imagelake.vision.packed import PackedModel
from imagelake.vision.published_network import read_extractor
from imagelake.vision.weights_file import WeightsError
from imagelake.vision.weights_network import hyperparameters_of

if TYPE_CHECKING:
    from imagelake.config import Config, ModelSection
    from imagelake.lake.inputs import Inputs
    from imagelake.lake.manifest import Manifest
    from imagelake.lake.storage import Storage
    from imagelake.vision.extractor import PackedExtractor

HOW_TO_GIVE_WEIGHTS = "--weights imagenet, or --weights FILE"
_FETCHED_WITHIN = DownloadRetryPolicy(retries=1, timeout_s=20.0)  # there is another way, which the error names


def weights_files(model: ModelSection) -> tuple[str, ...]:
    """The weights that are files, those of ImageNet once they are here; what ships with the library is its version."""
    if model.weights in ("", "sample"):
        return ()
    if model.weights != "imagenet":
        return (to_uri(model.weights),)
    found = imagenet_weights(model).found()
    return (to_uri(str(found)),) if found else ()


def local_weights(model: ModelSection, scratch: Path, storage: Storage) -> Path:
    """The weights as a local file.

    Args:
        model: names them.
        scratch: a local folder to bring them to.
        storage: where the user's own are read.

    Raises:
        ImageLakeError: there is no such file.
    """
    if model.weights == "imagenet":
        return found_or_fetched(imagenet_weights(model))
    local = scratch / PurePath(model.weights).name
    if model.weights == "sample":
        local.write_bytes((resources.files("imagelake") / SAMPLE_WEIGHTS).read_bytes())
    else:
        storage.download(to_uri(model.weights), local)
    return local


def found_or_fetched(weights: ImageNetWeights) -> Path:
    """The published weights on this machine; where they are not, they are fetched to where Keras keeps them.

    Raises:
        ImageLakeError: there are none for this network, or they are not here and cannot be fetched.
    """
    weights.check()
    if found := weights.found():
        return found
    target = keras_folder() / weights.file
    announce(f"{weights} are not on this machine: fetching {weights.address}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with closing(WholeFile(target.with_name(f"{target.name}.part"), target)) as sink:
            Client(_FETCHED_WITHIN).pull(weights.address, sink)
            sink.finish()
    except (DownloadError, OSError) as error:
        folders = " or ".join(map(str, weights_folders()))
        raise ImageLakeError(
            f"{weights}: {error}, and no {' or '.join(weights.names)} is in {folders}. Bring the file there, or into a "
            f"folder that {FOLDER} names, or give another one: --weights FILE. Keras states no hash of it"
        ) from None
    return target


def check_network_choice(config: Config, inputs: Inputs) -> None:
    """Read the list of classes, and see that there is a network for the images of this source.

    Raises:
        ImageLakeError: there are no weights, or only those that know ten drawn animals; or the list is missing or none.
    """
    read_class_map(config.model, inputs)
    source = config.source.type
    if not config.model.has_network:
        raise ImageLakeError(f"source.type = {source!r} without weights predicts nothing; give {HOW_TO_GIVE_WEIGHTS}")
    if config.model.weights == "sample" and source != "sample":
        raise ImageLakeError(
            f"model.weights = 'sample' with source.type = {source!r}: these weights know ten drawn animals and would "
            f"judge no photo rightly; give {HOW_TO_GIVE_WEIGHTS}, or none for all that needs no network"
        )


def check_drawn(model: ModelSection, images: Manifest) -> None:
    """See that the embedded weights meet the drawn images alone, whatever source a job by hand names.

    Args:
        model: the configured network.
        images: the manifest of ingested images, which names the source that they came from.

    Raises:
        ImageLakeError: they came from another source.
    """
    sources = [name for name in images.inputs if "://" in name]
    if model.weights == "sample" and not all(PurePath(source).name == SAMPLE_FILES for source in sources):
        raise ImageLakeError(
            f"the images came from {', '.join(sources)}, and model.weights = 'sample' knows ten drawn animals: give "
            "the weights of these images, as in --set model.weights=imagenet, and convert_model the same"
        )


def check_network(config: Config, inputs: Inputs) -> None:
    """See that the weights are here, for this source, and of the configured network; those of ImageNet are fetched.

    Raises:
        ImageLakeError: they are not; the message says what helps.
    """
    check_network_choice(config, inputs)
    model = config.model
    if model.weights == "imagenet":
        _check_fit(found_or_fetched(imagenet_weights(model)), config, inputs)
    elif model.weights != "sample" and inputs.exists(uri := to_uri(model.weights)):
        with tempfile.TemporaryDirectory() as scratch:
            local = Path(scratch) / PurePath(model.weights).name
            local.write_bytes(inputs.read_bytes(uri))
            try:
                _check_fit(local, config, inputs)
            except ImageLakeError as error:
                raise WeightsError(str(error).replace(str(local), model.weights)) from None


def _check_fit(weights: Path, config: Config, inputs: Inputs) -> None:
    found, model = hyperparameters_of(weights), config.model
    if (found.architecture, found.alpha) != (model.architecture, model.alpha):
        raise WeightsError(
            f"weights file {weights} holds {found}, where model.architecture = {model.architecture!r} and "
            f"model.alpha = {model.alpha:g}; leave both out, and they are read from a local file"
        )
    classes = len(read_class_map(model, inputs))
    if found.classes != classes:
        raise WeightsError(
            f"weights file {weights} holds {found}, where model.classes = {model.classes!r} lists {classes:,}"
        )


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


def published_card(folder: str, storage: Storage) -> NetworkCard:
    """The card of the converted network of a published folder.

    Raises:
        ImageLakeError: another version wrote it.
    """
    return NetworkCard.from_json(storage.read_bytes(f"{folder}/{CARD}").decode())


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
