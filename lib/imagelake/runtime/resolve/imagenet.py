"""The published weights of a configured network, which the command line asks for: no Spark comes with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from imagelake.vision.imagenet_weights import ImageNetWeights

if TYPE_CHECKING:
    from imagelake.config import ModelSection


def imagenet_weights(model: ModelSection) -> ImageNetWeights:
    """The published weights of the configured network."""
    return ImageNetWeights(model.architecture, model.alpha, model.resolution)
