"""Accuracies of many models on two sets, and the line through them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagelake.measures.shift.distributions import normal_share, probit, student_t_quantile

Floats = NDArray[np.float64]

FEWEST = 3
TOO_FEW = "fewer than three models"
EQUAL = "all models have the same accuracy"
SCALES = ("linear", "probit")


@dataclass(frozen=True)
class Line:
    """A fitted line on a scale of accuracies, linear or probit; NaN where undefined, with the reason.

    Attributes:
        scale: linear, or probit: of normal quantiles, on which accuracies near 0 and 1 are not squeezed.
        slope: of the scaled accuracy after to the one before.
        slope_low: of its interval; NaN of three models in a line without residuals.
        slope_high: of its interval.
        intercept: at a scaled accuracy of 0.
        r: Pearson's correlation of the scaled accuracies.
        models: how many.
        undefined: why there is no line.
    """

    scale: str
    slope: float
    slope_low: float
    slope_high: float
    intercept: float
    r: float
    models: int
    undefined: str | None = None

    def after(self, before: ArrayLike) -> Floats:
        """The accuracy that the line expects after, of an accuracy before."""
        shares = np.asarray(before, np.float64)
        if self.undefined:
            return np.full_like(shares, np.nan)
        if self.scale == "linear":
            return self.intercept + self.slope * shares
        return normal_share(self.intercept + self.slope * probit(shares))

    def effective_robustness(self, before: ArrayLike, after: ArrayLike) -> Floats:
        """How much better a model is than the line expects of its accuracy before.

        Taori et al. (2020), Measuring robustness to natural distribution shifts in image classification, NeurIPS.
        """
        return np.asarray(after, np.float64) - self.after(before)


def fit_line(before: ArrayLike, after: ArrayLike, scale: str, level: float) -> Line:
    """The line of least squares through models, as Recht et al. (2019), Do ImageNet classifiers generalize to ImageNet?

    Args:
        before: accuracies, 0 to 1, a model each; above 0 and below 1 on the probit scale.
        after: of the same models.
        scale: linear or probit.
        level: of the slope's interval, by Student's t.
    """
    x, y = np.asarray(before, np.float64), np.asarray(after, np.float64)
    if len(x) < FEWEST:
        return _no_line(scale, len(x), TOO_FEW)
    if scale == "probit":
        if min(x.min(), y.min()) <= 0 or max(x.max(), y.max()) >= 1:
            return _no_line(scale, len(x), "a model is right always or never")
        x, y = probit(x), probit(y)
    around = x - x.mean()
    spread = float(around @ around)
    if spread == 0:
        return _no_line(scale, len(x), EQUAL)
    slope = float(around @ y) / spread
    intercept = float(y.mean() - slope * x.mean())
    residuals = y - intercept - slope * x
    error = float(np.sqrt(residuals @ residuals / (len(x) - 2) / spread))
    width = student_t_quantile(level, len(x) - 2) * error
    total = float(np.sum((y - y.mean()) ** 2))
    r = slope * float(np.sqrt(spread / total)) if total else float("nan")
    return Line(scale, slope, slope - width, slope + width, intercept, r, len(x))


def _no_line(scale: str, models: int, reason: str) -> Line:
    nan = float("nan")
    return Line(scale, nan, nan, nan, nan, nan, models, reason)
