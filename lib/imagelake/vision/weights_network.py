"""Which network a weights file is for, read from the shapes of its arrays and from its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from imagelake.vision.architecture import ARCHITECTURES
from imagelake.vision.weights_file import Layout, WeightsError, count_classes, count_depthwise, describe, read_layout

DEFAULT_RESOLUTION = 224
_KERNEL_AXES = 4  # height, width, channels in, channels out


@dataclass(frozen=True)
class Hyperparameters:
    """The hyper-parameters of the network that a weights file fits, and its number of classes."""

    architecture: str
    alpha: float
    resolution: int
    classes: int

    def __str__(self) -> str:
        return f"{self.architecture} {self.alpha:g} with {self.classes:,} classes"


def hyperparameters_of(path: Path) -> Hyperparameters:
    """The network that a local weights file is for.

    Family and width follow from the widest 1 x 1 convolution: from 1024 alpha channels to as many in v1, from 320 alpha
    (rounded to eights) to at least 1280 in v2. The resolution is not in the weights: it is the number at the end of the
    file's name, as in mobilenet_v1_0.25_128.weights.h5 or mobilenet_2_5_128_tf.h5, and 224 where there is none.

    Raises:
        WeightsError: the file is missing, unreadable, or holds another network or one without a classifier.
    """
    layout = read_layout(path)
    classes = count_classes(layout)
    for architecture, family in ARCHITECTURES.items():
        for alpha in family.alphas:
            if count_depthwise(layout) == family.depthwise and _channels_in(layout) == _expected(architecture, alpha):
                if not classes:
                    raise WeightsError(
                        f"weights file {path} has no classifier; take the one without no_top in its name"
                    )
                return Hyperparameters(architecture, alpha, _resolution(path), classes)
    raise WeightsError(f"weights file {path} holds {describe(layout)}; known are {', '.join(ARCHITECTURES)}")


def _channels_in(layout: Layout) -> int:
    kernels = [shape for shape in layout.values() if _is_pointwise(shape)]
    # A v1 head is a 1 x 1 convolution as well, with a bias; its input is as wide as that of the layer before it.
    return max(kernels, key=lambda shape: (shape[2] * shape[3], shape[2]))[2] if kernels else 0


def _is_pointwise(shape: tuple[int, ...]) -> bool:
    return len(shape) == _KERNEL_AXES and shape[:2] == (1, 1)


def _expected(architecture: str, alpha: float) -> int:
    return int(1024 * alpha) if architecture == "mobilenet_v1" else _rounded_to_eights(320 * alpha)


def _rounded_to_eights(channels: float) -> int:
    """Channels as MobileNet v2 rounds them: to a multiple of 8, and never down by more than a tenth."""
    nearest = max(8, int(channels + 4) // 8 * 8)
    return nearest + 8 if nearest < 0.9 * channels else nearest


def _resolution(path: Path) -> int:
    found = re.search(r"_(\d{2,4})(?:_tf)?(?:_no_top)?\.", path.name)
    return int(found[1]) if found else DEFAULT_RESOLUTION
