"""L-BFGS as a generator: it yields the point at which it needs loss and gradient, so that one pass serves many of them.

Nocedal and Wright (2006), Numerical Optimization, algorithms 7.4 and 7.5; a step is accepted by Armijo's rule, which is
enough where the loss is convex.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = NDArray[np.float64]
Evaluation = tuple[float, Point]
"""The loss at a point, and its gradient there."""

HISTORY = 8  # pairs of steps; each costs two vectors of half the precision of the point
SUFFICIENT_DECREASE = 1e-4
SHORTEST, LONGEST = 0.1, 0.5  # a refused step is shortened to a share between these
REFUSALS = 12  # of one step; the loss is then flat to the precision of its sums
LOOK_BACK = 10  # iterations over which the loss must still fall


@dataclass(frozen=True)
class StoppingRule:
    """When a minimum counts as found.

    Attributes:
        tolerance: of the loss, in its own unit. Reached where the squared length of the gradient, over twice the
            curvature, is below it, or where ten iterations gained less than a fifth of it.
        curvature: a lower bound of the loss's second derivative, above 0: the L2 penalty.
        iterations: at most so many.
    """

    tolerance: float
    curvature: float
    iterations: int


@dataclass(frozen=True, eq=False)
class Minimum:
    """Where a minimisation ended.

    Attributes:
        point: float64.
        losses: at the start and after each iteration.
        converged: whether the tolerance was reached before the iterations ended.
    """

    point: Point
    losses: tuple[float, ...]
    converged: bool


Minimisation = Generator[Point, Evaluation, Minimum]


def minimise(start: Point, rule: StoppingRule) -> Minimisation:
    """Minimise a smooth convex function.

    Args:
        start: float64, one dimension.
        rule: when to stop.

    Yields:
        A point, for whose loss and gradient it waits.

    Returns:
        The minimum.
    """
    point = start
    loss, gradient = yield point
    losses, memory = [loss], _Memory()
    for _ in range(rule.iterations):
        if _is_reached(losses, gradient, rule):
            return Minimum(point, tuple(losses), converged=True)
        direction = memory.direction(gradient)
        slope = float(gradient @ direction)
        step = 1.0 if memory.pairs else min(1.0, 1 / float(np.linalg.norm(gradient)))
        for _ in range(REFUSALS):
            trial = point + step * direction
            trial_loss, trial_gradient = yield trial
            if trial_loss <= loss + SUFFICIENT_DECREASE * step * slope:
                break
            curved = 2 * (trial_loss - loss - step * slope)
            best = -slope * step / curved if curved > 0 and np.isfinite(curved) else 0.0
            step *= min(max(best, SHORTEST), LONGEST)
        else:
            return Minimum(point, tuple(losses), converged=True)
        memory.add(trial - point, trial_gradient - gradient)
        point, loss, gradient = trial, trial_loss, trial_gradient
        losses.append(loss)
    return Minimum(point, tuple(losses), converged=_is_reached(losses, gradient, rule))


def _is_reached(losses: list[float], gradient: Point, rule: StoppingRule) -> bool:
    if float(gradient @ gradient) <= 2 * rule.curvature * rule.tolerance:
        return True
    return len(losses) > LOOK_BACK and losses[-1 - LOOK_BACK] - losses[-1] < rule.tolerance / 5


class _Memory:
    """The last steps and how the gradient changed in each."""

    def __init__(self) -> None:
        self.pairs: deque[tuple[NDArray[np.float32], NDArray[np.float32], float]] = deque(maxlen=HISTORY)

    def add(self, step: Point, change: Point) -> None:
        """Remember a step; one without curvature would spoil the next direction."""
        curvature = float(step @ change)
        if curvature > 0:
            self.pairs.append((step.astype(np.float32), change.astype(np.float32), curvature))

    def direction(self, gradient: Point) -> Point:
        """The quasi-Newton direction downhill, in single precision: it need only be a good one."""
        downhill, shares = -gradient.astype(np.float32), []
        for step, change, curvature in reversed(self.pairs):
            share = float(step @ downhill) / curvature
            downhill -= np.float32(share) * change
            shares.append(share)
        if self.pairs:
            _, change, curvature = self.pairs[-1]
            downhill *= np.float32(curvature / float(change @ change))
        for (step, change, curvature), share in zip(self.pairs, reversed(shares), strict=True):
            downhill += np.float32(share - float(change @ downhill) / curvature) * step
        # Rounding can turn a direction uphill where the loss is flat.
        direction = downhill.astype(np.float64)
        return direction if float(direction @ gradient) < 0 else -gradient
