"""What a job needs of this machine beyond the packages that everybody gets: Java, and for some networks TensorFlow."""

from __future__ import annotations

import importlib.util
import subprocess

from imagelake.cli.job_arguments import PIPELINE
from imagelake.cluster.hadoop.runtime import find_java_home
from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.installation import scripts_folder
from imagelake.lake.inputs import local_path
from imagelake.runtime.resolve.imagenet import imagenet_weights
from imagelake.training.network_settings import LINEAR
from imagelake.transforms.predict.earlier_conversion import is_converted

_CONVERTING = (PIPELINE, "convert_model")
_ALWAYS_CONVERTING = ("compare_models",)


def require_java() -> None:
    """Make sure of what Spark runs on; a checkout's set-up installs it where it may.

    Raises:
        ImageLakeError: there is none, or it is too old; the message says how to get it.
    """
    try:
        find_java_home()
    except ImageLakeError:
        scripts = scripts_folder()
        if scripts is None or subprocess.call([str(scripts / "setup")]):
            raise
        find_java_home()


def needs_tensorflow(job: str, config: Config) -> bool:
    """Whether a driver of this job converts a network, or runs one that is TensorFlow's; or its tasks train some."""
    converts = job in _CONVERTING and config.model.has_network and not _was_converted(config)
    return converts or job in _ALWAYS_CONVERTING or config.model.engine == "tensorflow" or trains_networks(job, config)


def trains_networks(job: str, config: Config) -> bool:
    """Whether tasks of this job train networks, so that executors need TensorFlow."""
    models = {"train_classifier": (config.train.model,), "compare_runs": config.runs.models}.get(job, ())
    return any(model != LINEAR for model in models)


def _was_converted(config: Config) -> bool:
    """Whether the network is at hand as executors run it; one whose weights are not on this machine yet is not."""
    model = config.model
    if model.ships_converted:
        return True
    weights = imagenet_weights(model).found() if model.weights == "imagenet" else local_path(model.weights)
    return weights is not None and weights.is_file() and is_converted(model, weights)


def require_tensorflow() -> None:
    """Install TensorFlow where a checkout lacks it, which takes a minute or two.

    Raises:
        ImageLakeError: it is missing and could not be installed; the message says how to.
    """
    if importlib.util.find_spec("tensorflow"):
        return
    scripts = scripts_folder()
    if scripts is None:
        raise ImageLakeError("these weights are converted by TensorFlow: pip install 'imagelake[tensorflow]'")
    if subprocess.call([str(scripts / "setup"), "--tensorflow"]):
        raise ImageLakeError("these weights are converted by TensorFlow, which scripts/setup --tensorflow installs")
