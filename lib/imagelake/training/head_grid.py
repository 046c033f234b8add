"""The training of a grid of linear heads: one pass over the images gives every head its next loss and gradient.

Letters: D features, K classes, H heads.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagelake.errors import ImageLakeError
from imagelake.training.head_loss import NO_FOLD, Sums
from imagelake.training.minimiser import Minimisation, Minimum, StoppingRule, minimise

Evaluate = Callable[[NDArray[np.float32], NDArray[np.int8]], Sums]
"""Weights float32 [D + 1, H, K] and the fold that each head leaves out, int8 [H], to the sums over all images."""


@dataclass(frozen=True)
class HeadSpec:
    """One head of a grid.

    Attributes:
        l2: the penalty, above 0: half of it times the squared length of the weights is added to the mean loss. The
            bias is not penalised. scikit-learn's C is 1 / (l2 x images).
        held_out: the fold whose images it does not learn from; NO_FOLD for none.
    """

    l2: float
    held_out: int = NO_FOLD


@dataclass(frozen=True)
class Effort:
    """How far heads are trained: the tolerance of the mean loss, and iterations at most."""

    tolerance: float
    iterations: int


@dataclass(frozen=True, eq=False)
class TrainedHead:
    """A head and how it came about.

    Attributes:
        spec: of the grid.
        weights: float32 [D + 1, K].
        losses: with the penalty, at the start and after each iteration.
        converged: whether the tolerance was reached.
    """

    spec: HeadSpec
    weights: NDArray[np.float32]
    losses: tuple[float, ...]
    converged: bool


@dataclass(frozen=True)
class Shape:
    """The shape of a head: D features and K classes."""

    features: int
    classes: int


@dataclass(frozen=True, eq=False)
class Course:
    """Where training starts, and who hears of its passes.

    Attributes:
        start: float32 [D + 1, H, K], such as the weights of an interrupted run; None for zeros.
        each_pass: is called after each with the number of passes, the heads that are left, and the weights of all,
            float32 [D + 1, H, K].
    """

    start: NDArray[np.float32] | None = None
    each_pass: Callable[[int, int, NDArray[np.float32]], None] = lambda _passes, _left, _weights: None


def train_grid(
    specs: Sequence[HeadSpec], shape: Shape, evaluate: Evaluate, effort: Effort, course: Course | None = None
) -> list[TrainedHead]:
    """Train every head of a grid; a head that has converged takes no more part in the passes.

    Args:
        specs: of the H heads.
        shape: of each.
        evaluate: one pass over the images.
        effort: how far.
        course: of the training.

    Raises:
        ImageLakeError: a loss is no number.
    """
    size = (shape.features + 1, len(specs), shape.classes)
    course = course or Course()
    latest = np.zeros(size, np.float32) if course.start is None else course.start.copy()
    runs: dict[int, Minimisation] = {
        head: minimise(latest[:, head].astype(np.float64).ravel(), _stopping_rule(spec, shape, effort))
        for head, spec in enumerate(specs)
    }
    points = {head: next(run) for head, run in runs.items()}
    found: dict[int, Minimum] = {}
    passes = 0
    while points:
        heads = sorted(points)
        weights = np.stack([points[head].reshape(size[0], size[2]) for head in heads], axis=1).astype(np.float32)
        sums = evaluate(weights, np.array([specs[head].held_out for head in heads], np.int8))
        passes += 1
        for column, head in enumerate(heads):
            latest[:, head] = weights[:, column]
            evaluation = _penalised(sums, column, points[head], specs[head], shape)
            try:
                points[head] = runs[head].send(evaluation)
            except StopIteration as end:
                found[head] = end.value
                del points[head]
        course.each_pass(passes, len(points), latest)
    return [
        TrainedHead(
            spec,
            found[head].point.reshape(size[0], size[2]).astype(np.float32),
            found[head].losses,
            found[head].converged,
        )
        for head, spec in enumerate(specs)
    ]


def _stopping_rule(spec: HeadSpec, shape: Shape, effort: Effort) -> StoppingRule:
    # Nothing bends the loss along the bias but the images; with K equally frequent classes that is 1 / K at the start.
    return StoppingRule(effort.tolerance, min(spec.l2, 1 / (2 * shape.classes)), effort.iterations)


def _penalised(
    sums: Sums, column: int, point: NDArray[np.float64], spec: HeadSpec, shape: Shape
) -> tuple[float, NDArray[np.float64]]:
    """Mean loss with penalty, and its gradient."""
    images = sums.weights[column]
    penalised = point.copy()
    penalised[-shape.classes :] = 0
    loss = sums.losses[column] / images + spec.l2 / 2 * float(penalised @ penalised)
    if not np.isfinite(loss):
        raise ImageLakeError(f"the loss of the head with l2 = {spec.l2:g} is {loss}: a feature is no finite number")
    return float(loss), sums.gradients[:, column].ravel() / images + spec.l2 * penalised
