"""The interface of inference engines, and their results."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Scored:
    """A batch of N images, C classes, D features.

    Attributes:
        scores: float32 [N, C], softmax: each row sums to 1.
        features: float32 [N, D], the pooled features as the network gives them, not of unit length.
    """

    scores: NDArray[np.float32]
    features: NDArray[np.float32]


class Engine(Protocol):
    """A loaded network. Engines are neither picklable nor safe to share between threads: load one for each."""

    @property
    def resolution(self) -> int:
        """The input's side in pixels, S."""
        ...

    def run(self, batch: NDArray[np.uint8]) -> Scored:
        """Scores and features of prepared images uint8 [N, S, S, 3], for any N, 0 included.

        Raises:
            ValueError: for another shape or type.
        """
        ...


def check_batch(batch: NDArray[np.uint8], resolution: int) -> None:
    """Raises ValueError unless the batch is uint8 [N, resolution, resolution, 3]."""
    if batch.dtype != np.uint8 or batch.ndim != 4 or batch.shape[1:] != (resolution, resolution, 3):
        expected = f"uint8 [N, {resolution}, {resolution}, 3]"
        raise ValueError(f"expected a batch {expected}, found {batch.dtype} {list(batch.shape)}")


def unit_length(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Features float32 [N, D] with every row scaled to length 1, so that inner products are cosines; zero rows stay."""
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    units: NDArray[np.float32] = np.divide(features, lengths, out=np.zeros_like(features), where=lengths > 0)
    return units


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scores float32 [N, C] of logits [N, C]: exp(x) over its row's sum, without overflow."""
    powers = np.exp(logits - logits.max(axis=1, keepdims=True, initial=-np.inf))
    scores: NDArray[np.float32] = powers / powers.sum(axis=1, keepdims=True)
    return scores


def top_k(scores: NDArray[np.float32], k: int) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The k best classes of each row, best first, equal scores by the lower index.

    Args:
        scores: float32 [N, C].
        k: how many; all C where there are fewer.

    Returns:
        Class indices int32 [N, min(k, C)] and their scores float32 of the same shape.

    Raises:
        ValueError: for k below 1.
    """
    if k < 1:
        raise ValueError(f"k = {k}: must be at least 1")
    order = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return order.astype(np.int32), np.take_along_axis(scores, order, axis=1)
