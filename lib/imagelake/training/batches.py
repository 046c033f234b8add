"""Steps of training over packed images that lie in a memory-mapped file: a step reads its own images alone."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagelake.training.network_settings import InputForm
from imagelake.training.networks import input_numbers

Step = tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
SHIFT = 8  # an image is shifted by this part of its side at most


@dataclass(frozen=True, eq=False)
class PackedImages:
    """N images as a network takes them.

    Attributes:
        form: of each.
        values: float32 [N, D] or uint8 [N, S, S, channels], most often a memory-mapped file.
        classes: int64 [N].
        positions: int64 [N], where each image lies among the values.
    """

    form: InputForm
    values: NDArray[Any]
    classes: NDArray[np.int64]
    positions: NDArray[np.int64]

    def numbers(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """The network's input of some rows."""
        return input_numbers(self.values[self.positions[rows]], self.form)


def augmented(pixels: NDArray[np.float32], random: np.random.Generator) -> NDArray[np.float32]:
    """Images [N, S, S, C], each flipped left to right with even chance, and shifted; the edge is repeated."""
    reach = pixels.shape[1] // SHIFT
    flipped = np.where(random.random(len(pixels))[:, None, None, None] < 0.5, pixels[:, :, ::-1], pixels)
    padded = np.pad(flipped, ((0, 0), (reach, reach), (reach, reach), (0, 0)), mode="edge")
    moved = np.empty_like(pixels)
    for row, (top, left) in enumerate(random.integers(0, 2 * reach + 1, (len(pixels), 2))):
        moved[row] = padded[row, top : top + pixels.shape[1], left : left + pixels.shape[2]]
    return moved


@dataclass(frozen=True, eq=False)
class Drawing:
    """What is drawn of images for an epoch.

    Attributes:
        rows: gives those of the next epoch, int64, in their order.
        weights: float32 [K], of an image of each class.
        random: augments; None does not.
    """

    rows: Callable[[], NDArray[np.int64]]
    weights: NDArray[np.float32]
    random: np.random.Generator | None = None


class Steps:
    """The images of one epoch after the other, as (numbers, one-hot classes, weights of the images).

    They are made where they are used, one step at a time: a thread that read ahead would take a second core.
    """

    def __init__(self, images: PackedImages, drawing: Drawing, batch_size: int) -> None:
        """Draw the first epoch.

        Args:
            images: all of them.
            drawing: which of them.
            batch_size: of a step.
        """
        self._images, self._drawing, self._batch_size = images, drawing, batch_size
        self._rows = drawing.rows()

    def __len__(self) -> int:
        """Steps of the next epoch."""
        return math.ceil(len(self._rows) / self._batch_size)

    def epoch(self) -> Iterator[Step]:
        """The steps of the next epoch; the one after it is drawn when they have been taken."""
        weights, random = self._drawing.weights, self._drawing.random
        one_hot = np.identity(len(weights), dtype=np.float32)
        for start in range(0, len(self._rows), self._batch_size):
            chosen = self._rows[start : start + self._batch_size]
            numbers, classes = self._images.numbers(chosen), self._images.classes[chosen]
            yield numbers if random is None else augmented(numbers, random), one_hot[classes], weights[classes]
        self._rows = self._drawing.rows()
