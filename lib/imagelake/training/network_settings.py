"""What a network is, and how it is trained: plain values that travel to tasks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from imagelake.config import Classifier, Imbalance

LINEAR = "linear"
ON_FEATURES = ("hidden", "conv1d")
GREY = ("cnn_large", "cnn_medium", "cnn_small")
MOBILENETS = ("mobilenet_v1", "mobilenet_v2")
APPLICATIONS = tuple(name for name in get_args(Classifier) if name not in (LINEAR, *ON_FEATURES, *GREY, *MOBILENETS))
GREY_SIDE = 64


@dataclass(frozen=True)
class InputForm:
    """What a network is given of an image.

    Attributes:
        model: its name.
        width: D features of an image; 0 for a network on pixels.
        side: S, pixels of a framed image; 0 for a network on features.
    """

    model: str
    width: int = 0
    side: int = 0

    @property
    def channels(self) -> int:
        """1 for grey, 3 for RGB."""
        return 1 if self.model in GREY else 3

    @property
    def shape(self) -> tuple[int, ...]:
        """Of one packed image: float32 [D], or uint8 [S, S, channels]."""
        return (self.width,) if self.width else (self.side, self.side, self.channels)

    @property
    def packed_type(self) -> str:
        """Of one packed value."""
        return "float32" if self.width else "uint8"


@dataclass(frozen=True)
class Start:
    """What a network of tf.keras.applications starts from.

    Attributes:
        alpha: the width multiplier of MobileNet.
        weights: the bytes of a weights file; None starts at random.
        unfrozen_blocks: of a network with weights, the last ones that are trained; -1 for all.
    """

    alpha: float = 1.0
    weights: bytes | None = None
    unfrozen_blocks: int = -1


@dataclass(frozen=True)
class NetworkSettings:
    """How a network is trained, as [train] says it.

    Attributes:
        learning_rate: of AdamW at the first step.
        schedule: cosine falls to 0 over all epochs (Loshchilov and Hutter 2017, without restarts).
        epochs: at most.
        patience: epochs without a lower loss that end the training; 0 trains all epochs on all images.
        batch_size: images in a step.
        dropout: share of values that a step leaves out before the classifying layer.
        weight_decay: of AdamW.
        label_smoothing: the share of a label that is spread over all.
        augment: flip and shift images at random.
        hidden: widths of the layers of the model hidden.
        imbalance: how labels with different numbers of images are treated.
        seed: of weights, order, dropout and augmentation.
    """

    learning_rate: float
    schedule: Literal["constant", "cosine"]
    epochs: int
    patience: int
    batch_size: int
    dropout: float
    weight_decay: float
    label_smoothing: float
    augment: bool
    hidden: tuple[int, ...]
    imbalance: Imbalance
    seed: int
