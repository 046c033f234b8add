"""The networks that can be built, and their published hyper-parameters."""

from dataclasses import dataclass

from imagelake.errors import ImageLakeError, unknown_choice


@dataclass(frozen=True)
class Architecture:
    """One family of networks.

    Attributes:
        alphas: published width multipliers, each of which scales the channels of every layer.
        resolutions: published input sides in pixels, for which ImageNet weights exist.
        depthwise: number of depthwise convolutions, by which the family of a weights file is detected.
    """

    alphas: tuple[float, ...]
    resolutions: tuple[int, ...]
    depthwise: int


ARCHITECTURES = {
    "mobilenet_v1": Architecture((0.25, 0.5, 0.75, 1.0), (128, 160, 192, 224), 13),
    "mobilenet_v2": Architecture((0.35, 0.5, 0.75, 1.0, 1.3, 1.4), (96, 128, 160, 192, 224), 17),
}
"""Howard et al. 2017 (v1) and Sandler et al. 2018 (v2), as tf.keras.applications has them."""

_STRIDE = 32
_LARGEST = 1024


def check_hyperparameters(architecture: str, alpha: float, resolution: int) -> None:
    """Raises ImageLakeError, listing the valid choices, for a network that cannot be built.

    Args:
        architecture: a key of `ARCHITECTURES`.
        alpha: the width multiplier, one of the published ones.
        resolution: the input's side: any multiple of 32 (the network halves its input five times) up to 1024.
    """
    if architecture not in ARCHITECTURES:
        raise unknown_choice("architecture", architecture, ARCHITECTURES)
    known = ARCHITECTURES[architecture]
    if alpha not in known.alphas:
        raise ImageLakeError(f"alpha = {alpha}: {architecture} has {_listed(known.alphas)}")
    if resolution % _STRIDE or not _STRIDE <= resolution <= _LARGEST:
        raise ImageLakeError(
            f"resolution = {resolution}: must be a multiple of {_STRIDE} up to {_LARGEST}; "
            f"published for {architecture} are {_listed(known.resolutions)}"
        )


def _listed(choices: tuple[float, ...]) -> str:
    return ", ".join(str(choice) for choice in choices)
