"""Welch's test of each of D features between two sets, and how large the difference is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from imagelake.measures.shift.distributions import student_t_p
from imagelake.measures.shift.moments import Moments, difference

Floats = NDArray[np.float64]

TOO_FEW = "a set has fewer than two rows"
CONSTANT = "the same constant in both sets"
CONSTANTS = "a constant in each set, and another one: no variance to measure the difference by"


@dataclass(frozen=True)
class WelchTest:
    """The tests of D features; the first set less the second.

    Attributes:
        difference: float64 [D], of the means.
        t: float64 [D]; NaN where undefined.
        df: float64 [D], degrees of freedom; NaN where undefined.
        p: float64 [D], two-sided; NaN where undefined.
        effect: float64 [D], the difference in deviations, Cohen's d; NaN where undefined.
        undefined: D reasons; None where the test could be made.
    """

    difference: Floats
    t: Floats
    df: Floats
    p: Floats
    effect: Floats
    undefined: list[str | None]


def welch_test(first: Moments, second: Moments) -> WelchTest:
    """Whether the means of two sets differ, whose variances may, too.

    Welch (1947), The generalization of Student's problem when several different population variances are involved,
    Biometrika 34, 28-35. The effect is in the root of the mean of both variances (Cohen 1988, Statistical power
    analysis, 2.3.2), so that it does not depend on which set is larger: 0.2 is called small, 0.5 medium, 0.8 large.
    """
    away = difference(first, second)
    if min(first.n, second.n) < 2:
        nothing = np.full_like(away, np.nan)
        return WelchTest(away, nothing, nothing, nothing, nothing, [TOO_FEW] * len(away))
    one, other = first.variance / first.n, second.variance / second.n
    with np.errstate(divide="ignore", invalid="ignore"):
        t = away / np.sqrt(one + other)
        df = (one + other) ** 2 / (one**2 / (first.n - 1) + other**2 / (second.n - 1))
        effect = away / np.sqrt((first.variance + second.variance) / 2)
    constant = (one + other) == 0
    for values in (t, df, effect):
        values[constant] = np.nan
    reasons = [
        None if not flat else CONSTANT if distance == 0 else CONSTANTS
        for flat, distance in zip(constant, away, strict=True)
    ]
    return WelchTest(away, t, df, student_t_p(t, df), effect, reasons)
