"""The choice of a penalty: every one is trained and measured on images that it did not learn from, then the best one.

Letters: D features, K classes, H heads, F folds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np

from imagelake.measures.classification import Estimate, mean_of, share
from imagelake.tables import TABLES
from imagelake.training.head_grid import Course, Effort, HeadSpec, Shape, TrainedHead, train_grid
from imagelake.training.head_loss import NO_FOLD
from imagelake.training.imbalance import adjusted_bias
from imagelake.transforms.training.scored_images import HeadsOfFolds

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from pyspark.sql import DataFrame, SparkSession

    from imagelake.config import Imbalance, TrainSection
    from imagelake.training.head_loss import Sums
    from imagelake.training.held_out import HeldOut
    from imagelake.transforms.training.packed_features import Scaling

Choice = Literal["loss", "accuracy", "balanced_accuracy"]


class Passes(Protocol):
    """Passes over packed images."""

    def evaluate(self, weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> Sums:
        """Loss and gradient of heads."""

    def measure(self, weights: NDArray[np.float32], held_out: NDArray[np.int8]) -> HeldOut:
        """Results of heads on the folds that they left out."""

    def distrusting(self, of_folds: NDArray[np.float32], below: float) -> Passes:
        """Passes without the images whose label is probably wrong."""


@dataclass(frozen=True)
class GridSettings:
    """What is tried, and how the best is chosen.

    Attributes:
        l2: penalties.
        folds: of the cross-validation; 0 where the split validation, fold 1, chooses.
        imbalance: logit_adjustment changes the biases of trained heads.
        choose_by: the loss, or a measure, on images that a head did not learn from.
        effort: how far heads are trained.
        distrust_below: the heads that judge labels do not learn from images whose label scores lower than this, out of
            fold, and another label best; 0: they do.
        level: of intervals.
    """

    l2: tuple[float, ...]
    folds: int
    imbalance: Imbalance
    choose_by: Choice
    effort: Effort
    distrust_below: float
    level: float

    @property
    def held_out(self) -> range:
        """The folds that heads leave out in turn."""
        return range(self.folds) if self.folds else range(1, 2)

    @property
    def specs(self) -> list[HeadSpec]:
        """Every penalty with every fold left out."""
        return [HeadSpec(l2, fold) for l2 in self.l2 for fold in self.held_out]


def grid_settings(train: TrainSection, level: float) -> GridSettings:
    """What a configuration tries, with intervals of a level."""
    effort = Effort(train.tolerance, train.iterations)
    l2 = tuple(dict.fromkeys(train.l2))
    return GridSettings(l2, train.folds, train.imbalance, train.choose_by, effort, train.distrust_below, level)


@dataclass(frozen=True)
class RunResult:
    """A penalty, or a network, and how its heads did on images that they did not learn from.

    Attributes:
        l2: the penalty; None for a network.
        loss: the mean cross-entropy.
        accuracy: of all images.
        balanced_accuracy: the mean over labels.
        training_accuracy: of the images that the heads learnt from; None for a network, which sees them augmented.
        iterations: of the head that took most; epochs of a network.
        converged: whether all heads did; for a network, whether all ended before the last epoch.
    """

    l2: float | None
    loss: float
    accuracy: Estimate
    balanced_accuracy: Estimate
    training_accuracy: float | None
    iterations: int
    converged: bool

    def worth(self, choose_by: Choice) -> float:
        """What the best run has most of."""
        return -self.loss if choose_by == "loss" else float(getattr(self, choose_by).value)


@dataclass(frozen=True, eq=False)
class SearchedGrid:
    """The outcome of a search.

    Attributes:
        runs: of each penalty, in the order of the settings.
        chosen: the best one's index; of equal ones the largest penalty's.
        heads: of the whole grid, for their curves.
        of_folds: float32 [F, D + 1, K], of the best penalty; F is 0 without folds.
        judges: float32 [F, D + 1, K], as of_folds, trained again without the images whose labels these distrust.
        final: float32 [D + 1, K], of the best penalty and all training images.
    """

    runs: list[RunResult]
    chosen: int
    heads: list[TrainedHead]
    of_folds: NDArray[np.float32]
    judges: NDArray[np.float32]
    final: NDArray[np.float32]


def search_grid(
    passes: Passes,
    shape: Shape,
    images: NDArray[np.int64],
    settings: GridSettings,
    course: Course,
) -> SearchedGrid:
    """Train the grid, measure it, choose, and train the chosen head on all training images.

    Args:
        passes: over the images.
        shape: of a head.
        images: int64 [K], training images of each class.
        settings: what is tried.
        course: of the training of the grid.
    """
    specs = settings.specs
    heads = train_grid(specs, shape, passes.evaluate, settings.effort, course)
    weights = np.stack([_adjusted(head.weights, images, settings.imbalance) for head in heads], axis=1)
    measured = passes.measure(weights, np.array([spec.held_out for spec in specs], np.int8))
    count = len(settings.held_out)
    runs = [
        _result(l2, heads, measured, slice(number * count, (number + 1) * count), settings.level)
        for number, l2 in enumerate(settings.l2)
    ]
    chosen = max(range(len(runs)), key=lambda run: (runs[run].worth(settings.choose_by), settings.l2[run]))
    of_folds = weights[:, chosen * count : (chosen + 1) * count].transpose(1, 0, 2)
    if not settings.folds:
        return SearchedGrid(runs, chosen, heads, of_folds[:0], of_folds[:0], of_folds[0])
    plain = np.stack([head.weights for head in heads[chosen * count : (chosen + 1) * count]], axis=1)
    judges = plain
    if settings.distrust_below:
        trusting = passes.distrusting(plain, settings.distrust_below)
        judging = specs[chosen * count : (chosen + 1) * count]
        again = train_grid(judging, shape, trusting.evaluate, settings.effort, Course(plain))
        judges = np.stack([head.weights for head in again], axis=1)
    mean = plain.mean(axis=1)
    spec = HeadSpec(settings.l2[chosen], NO_FOLD)
    (final,) = train_grid([spec], shape, passes.evaluate, settings.effort, Course(mean[:, None].astype(np.float32)))
    adjusted = _adjusted(final.weights, images, settings.imbalance)
    return SearchedGrid(runs, chosen, heads, of_folds, judges.transpose(1, 0, 2), adjusted)


def _adjusted(weights: NDArray[np.float32], images: NDArray[np.int64], imbalance: Imbalance) -> NDArray[np.float32]:
    # The bias is free, so that training with the balanced softmax would end with this bias.
    if imbalance not in ("logit_adjustment", "balanced_softmax"):
        return weights
    adjusted = weights.copy()
    adjusted[-1] = adjusted_bias(weights[-1].astype(np.float64), images)
    return adjusted


def _result(l2: float, heads: Sequence[TrainedHead], measured: HeldOut, part: slice, level: float) -> RunResult:
    images, hits = measured.images[part].sum(axis=0), measured.hits[part].sum(axis=0)
    n = int(images.sum())
    accuracy = share(int(hits.sum()), n, level)
    balanced = mean_of([share(int(hit), int(of), level) for hit, of in zip(hits, images, strict=True)])
    assert accuracy is not None
    assert balanced is not None
    return RunResult(
        l2,
        float(measured.losses[part].sum() / n),
        accuracy,
        balanced,
        float(measured.learnt[part, 1].sum() / max(1, measured.learnt[part, 0].sum())),
        max(len(head.losses) - 1 for head in heads[part]),
        all(head.converged for head in heads[part]),
    )


def plain_heads(found: SearchedGrid, scaling: Scaling, labels: tuple[str, ...]) -> HeadsOfFolds:
    """The chosen heads for features as they are stored."""
    return HeadsOfFolds(labels, undone(found.of_folds, scaling), scaling.undo(found.final))


def undone(heads: NDArray[np.float32], scaling: Scaling) -> NDArray[np.float32]:
    """Heads float32 [F, D + 1, K] for features as they are stored."""
    return np.stack([scaling.undo(weights) for weights in heads]) if len(heads) else heads


@dataclass(frozen=True)
class RunContext:
    """What all runs of a grid share, as training_runs holds it."""

    head: str
    model: str
    learning_rate: float | None
    imbalance: str
    choose_by: str
    folds: int
    seed: int
    labels: int
    images: int
    evaluated_on: str
    seconds: float
    inputs: str
    code: str


def run_name(l2: float) -> str:
    """How a run of a head is called."""
    return f"l2={l2:g}"


def run_rows(
    spark: SparkSession, results: Mapping[str, RunResult], chosen: str, context: RunContext, level: float
) -> DataFrame:
    """The training_runs table.

    Args:
        spark: the session.
        results: by the names of the runs.
        chosen: the run that became the classifier.
        context: what they share.
        level: of intervals.
    """
    table = TABLES["training_runs"]
    rows = []
    for name, run in results.items():
        row: dict[str, Any] = {
            **vars(context),
            "run": name,
            "l2": run.l2,
            "evaluated": run.accuracy.n,
            "loss": run.loss,
            "training_accuracy": run.training_accuracy,
            "iterations": run.iterations,
            "converged": run.converged,
            "chosen": name == chosen,
            "level": level,
        }
        for measure in ("accuracy", "balanced_accuracy"):
            one: Estimate = getattr(run, measure)
            row |= {measure: one.value, f"{measure}_low": one.low, f"{measure}_high": one.high}
        rows.append(tuple(row[column.name] for column in table.columns))
    return spark.createDataFrame(rows, table.ddl)


def head_results(found: SearchedGrid, l2: Sequence[float]) -> tuple[dict[str, RunResult], str]:
    """The results of a grid by the names of its runs, and the name of the chosen one."""
    names = [run_name(one) for one in l2]
    return dict(zip(names, found.runs, strict=True)), names[found.chosen]


def head_curves(found: SearchedGrid) -> list[tuple[float, int, int, float, None]]:
    """Penalty, fold, iteration and loss of each head; nothing is kept aside."""
    return [
        (head.spec.l2, head.spec.held_out, iteration, loss, None)
        for head in found.heads
        for iteration, loss in enumerate(head.losses)
    ]


def curve_rows(spark: SparkSession, found: SearchedGrid) -> DataFrame:
    """The training_curves table of a head."""
    rows = [(run_name(l2), *rest) for l2, *rest in head_curves(found)]
    return spark.createDataFrame(rows, TABLES["training_curves"].ddl)
