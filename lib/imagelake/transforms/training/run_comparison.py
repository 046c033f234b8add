"""Runs side by side on the same images: which is best, and whether the difference is more than noise."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from pyspark.sql import functions as F

from imagelake.errors import ImageLakeError
from imagelake.measures.paired import PairedCounts, accuracy_difference, balanced_difference, holm, mcnemar
from imagelake.tables import TABLES
from imagelake.transforms.training.grid_search import run_name

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

    from imagelake.transforms.training.grid_search import RunResult

JudgeBy = Literal["accuracy", "balanced_accuracy"]


@dataclass(frozen=True, eq=False)
class ComparedRun:
    """One network, or the heads of one way to treat imbalance.

    Attributes:
        model: linear, or the network's name.
        imbalance: the way to treat it.
        learning_rate: of a network; None for heads.
        results: of each penalty, or of the network; empty where it could not be trained.
        chosen: the best one's index.
        hits: image_id, label and hit of the images that it was measured on, by heads that did not learn from them.
        seconds: that it took.
        error: why it could not be trained.
        curves: penalty (None for a network), fold, iteration, loss, and loss of images kept aside.
    """

    model: str
    imbalance: str
    learning_rate: float | None
    results: tuple[RunResult, ...]
    chosen: int
    hits: DataFrame | None
    seconds: float
    error: str | None = None
    curves: tuple[tuple[float | None, int, int, float, float | None], ...] = ()

    @property
    def name(self) -> str:
        """The model and its settings, without a penalty."""
        rate = "" if self.learning_rate is None else f", learning_rate={self.learning_rate}"
        return f"{self.model}, {self.imbalance}{rate}"

    def row_name(self, l2: float | None) -> str:
        """How the row of a penalty is called, and that of a network, which has none."""
        return self.name if l2 is None else f"{self.name}, {run_name(l2)}"

    @property
    def best(self) -> RunResult:
        """The result of its best penalty."""
        return self.results[self.chosen]


@dataclass(frozen=True)
class Judgement:
    """How runs are compared.

    Attributes:
        judge_by: the measure.
        evaluated_on: cross_validation or validation.
        level: of intervals.
        seed: of the bootstrap.
    """

    judge_by: JudgeBy
    evaluated_on: str
    level: float
    seed: int


def hits_of(scored: DataFrame, evaluated_on: str) -> DataFrame:
    """Which images a head has right: image_id, label, hit.

    Args:
        scored: as from `score_images`.
        evaluated_on: of the rows that count.
    """
    hit = (F.col("label") == F.col("predicted")).alias("hit")
    return scored.where(F.col("evaluated_on") == evaluated_on).select("image_id", "label", hit)


def paired_counts(first: DataFrame, second: DataFrame) -> PairedCounts:
    """How two heads did on the images of each label; one row a label comes to the driver.

    Args:
        first: as from `hits_of`.
        second: of the same images.
    """
    pairs = first.join(second.select("image_id", F.col("hit").alias("other")), "image_id", how="inner")
    rows = (
        pairs.groupBy("label")
        .agg(
            F.count("*").alias("images"),
            F.count_if(F.col("hit") & ~F.col("other")).alias("only_first"),
            F.count_if(~F.col("hit") & F.col("other")).alias("only_second"),
        )
        .orderBy("label")
        .collect()
    )
    return PairedCounts(*(np.array([row[name] for row in rows], np.int64) for name in
                          ("images", "only_first", "only_second")))  # fmt: skip


def best_run(runs: Sequence[ComparedRun], judge_by: JudgeBy) -> ComparedRun:
    """The run whose best penalty has most of a measure.

    Raises:
        ImageLakeError: none could be trained; the message has the first reason.
    """
    trained = [run for run in runs if run.results]
    if not trained:
        raise ImageLakeError(f"none of {len(runs)} runs could be trained; the first: {runs[0].error}")
    return max(trained, key=lambda run: float(getattr(run.best, judge_by).value))


def comparison_rows(spark: SparkSession, runs: Sequence[ComparedRun], judgement: Judgement) -> DataFrame:
    """The run_comparison table.

    Args:
        spark: the session.
        runs: in the order of the settings.
        judgement: how they are compared.

    Raises:
        ImageLakeError: none could be trained.
    """
    best = best_run(runs, judgement.judge_by)
    others = [run for run in runs if run.results and run is not best]
    compared = [_compared(best, run, judgement) for run in others]
    corrected = holm([one["p_value"] for one in compared])
    differences = {run.name: one | {"p_corrected": p} for run, one, p in zip(others, compared, corrected, strict=True)}
    rows = [row for run in runs for row in _rows(run, run is best, differences.get(run.name, {}), judgement)]
    table = TABLES["run_comparison"]
    return spark.createDataFrame([tuple(row.get(column.name) for column in table.columns) for row in rows], table.ddl)


def compared_curves(runs: Sequence[ComparedRun]) -> list[dict[str, Any]]:
    """The curves of runs as rows of training_curves, by the names of run_comparison."""
    return [
        {"run": run.row_name(l2), "fold": fold, "iteration": iteration, "loss": loss, "loss_aside": aside}
        for run in runs
        for l2, fold, iteration, loss, aside in run.curves
    ]


def _compared(best: ComparedRun, run: ComparedRun, judgement: Judgement) -> dict[str, Any]:
    assert best.hits is not None
    assert run.hits is not None
    counts = paired_counts(best.hits, run.hits)
    measure = balanced_difference if judgement.judge_by == "balanced_accuracy" else accuracy_difference
    difference = measure(counts, judgement.level, judgement.seed)
    return {
        "difference": difference.value,
        "difference_low": difference.low,
        "difference_high": difference.high,
        "p_value": mcnemar(int(counts.only_first.sum()), int(counts.only_second.sum())),
    }


def _rows(run: ComparedRun, is_best: bool, differences: dict[str, Any], judgement: Judgement) -> list[dict[str, Any]]:
    shared = {
        "run": run.name,
        "model": run.model,
        "imbalance": run.imbalance,
        "learning_rate": run.learning_rate,
        "seconds": run.seconds,
        "level": judgement.level,
    }
    if not run.results:
        return [{**shared, "chosen": False, "best": False, "error": run.error}]
    return [
        {
            **shared,
            "run": run.row_name(one.l2),
            "l2": one.l2,
            "evaluated_on": judgement.evaluated_on,
            "images": one.accuracy.n,
            "loss": one.loss,
            **{
                f"{name}{bound}": value
                for name in ("accuracy", "balanced_accuracy")
                for bound, value in _bounds(getattr(one, name))
            },
            "training_accuracy": one.training_accuracy,
            "iterations": one.iterations,
            "converged": one.converged,
            "chosen": number == run.chosen,
            "best": is_best and number == run.chosen,
            **(differences if number == run.chosen else {}),
        }
        for number, one in enumerate(run.results)
    ]


def _bounds(estimate: Any) -> tuple[tuple[str, float], ...]:
    return ("", estimate.value), ("_low", estimate.low), ("_high", estimate.high)


def run_notes(table: DataFrame, judge_by: JudgeBy) -> dict[str, str]:
    """A line for each chosen run, the best first, and for each that failed."""
    notes = {}
    for row in table.where("chosen").orderBy(F.desc(judge_by), "run").collect():
        noise = "" if row["best"] else f", {row['difference']:+.3f} to the best, p {row['p_corrected']:.2g} corrected"
        interval = f"({row[f'{judge_by}_low']:.3f} to {row[f'{judge_by}_high']:.3f})"
        notes[row["run"]] = f"{judge_by} {row[judge_by]:.3f} {interval}{noise}"
    for row in table.where("error IS NOT NULL").orderBy("run").collect():
        notes[row["run"]] = f"failed: {row['error']}"
    return notes
