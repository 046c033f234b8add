"""The ImageNet weights that Keras publishes: what their files are called, and where they lie on this machine.

Keras states no hash for the files of MobileNet, so none can be checked; what is loaded is named with its own.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from imagelake.errors import ImageLakeError
from imagelake.vision.architecture import ARCHITECTURES

FOLDER = "IMAGELAKE_WEIGHTS"  # names a folder of weights files, looked into first
_PUBLISHED = "https://storage.googleapis.com/tensorflow/keras-applications"
_V1_WIDTHS = {1.0: "1_0", 0.75: "7_5", 0.5: "5_0", 0.25: "2_5"}


@dataclass(frozen=True)
class ImageNetWeights:
    """The weights of one published network.

    Attributes:
        architecture: mobilenet_v1 or mobilenet_v2.
        alpha: the width multiplier.
        resolution: the input's side in pixels that they were trained for.
    """

    architecture: str
    alpha: float
    resolution: int

    def check(self) -> None:
        """Raise ImageLakeError, with the valid choices, where Keras publishes none for this network."""
        known = ARCHITECTURES[self.architecture]
        for name, value, choices in (
            ("alpha", self.alpha, known.alphas),
            ("resolution", self.resolution, known.resolutions),
        ):
            if value not in choices:
                listed = ", ".join(map(str, choices))
                raise ImageLakeError(f"model.{name} = {value}: ImageNet weights of {self.architecture} are of {listed}")

    def __str__(self) -> str:
        return f"ImageNet weights of {self.architecture} {self.alpha:g} at {self.resolution} px"

    @property
    def file(self) -> str:
        """The name under which tf.keras.applications publishes and caches them."""
        if self.architecture == "mobilenet_v1":
            return f"mobilenet_{_V1_WIDTHS.get(self.alpha, self.alpha)}_{self.resolution}_tf.h5"
        return f"mobilenet_v2_weights_tf_dim_ordering_tf_kernels_{float(self.alpha)}_{self.resolution}.h5"

    @property
    def address(self) -> str:
        """Where they are published."""
        return f"{_PUBLISHED}/{self.architecture.removesuffix('_v1')}/{self.file}"

    @property
    def names(self) -> tuple[str, str]:
        """The names by which they are found: Keras', and the one that tells the network."""
        return self.file, f"{self.architecture}_{float(self.alpha)}_{self.resolution}.weights.h5"

    def found(self) -> Path | None:
        """The file on this machine; None where there is none."""
        files = (folder / name for folder in weights_folders() for name in self.names)
        return next((file for file in files if file.is_file()), None)


def keras_folder() -> Path:
    """Where Keras keeps the weights that it has fetched."""
    return Path(os.environ.get("KERAS_HOME") or "~/.keras").expanduser() / "models"


def weights_folders() -> tuple[Path, ...]:
    """The folders in which weights are looked for: the user's own, then that of Keras."""
    own = os.environ.get(FOLDER)
    return (*((Path(own).expanduser(),) if own else ()), keras_folder())
