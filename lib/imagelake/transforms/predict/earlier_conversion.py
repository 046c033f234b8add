"""Whether a network was converted before; the command line asks, so that neither Spark nor TensorFlow comes with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagelake.vision.converted_networks import is_kept
from imagelake.vision.weights_network import hyperparameters_of

if TYPE_CHECKING:
    from pathlib import Path

    from imagelake.config import ModelSection


def is_converted(model: ModelSection, weights: Path) -> bool:
    """Whether what `convert_model` makes of a local file of weights is kept from before.

    Raises:
        ImageLakeError: the weights hold no network of these families.
    """
    if model.engine != "litert" or model.precision != "float32":
        return False
    return is_kept(made_of(model, hyperparameters_of(weights).classes), weights)


def made_of(model: ModelSection, classes: int) -> str:
    """All that decides what is made of some weights, as the name of what is kept."""
    return f"{model.architecture} {model.alpha} {model.resolution} {classes}"
