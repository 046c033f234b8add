"""Whether a head knows the images that it learnt from better than others, over the runs of its training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyspark.sql import functions as F

from imagelake.measures.shift.proportions import difference_interval
from imagelake.measures.shift.ranks import rank_correlation
from imagelake.measures.shift.strata import Explained
from imagelake.transforms.shift.evidence import CannotError, Evidence, judged_row
from imagelake.transforms.shift.words import share, within

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

Row = dict[str, Any]

MOST_RUNS = 1_000
TRAIN = "train"


@dataclass(frozen=True)
class TrainingRun:
    """One run of a head's training.

    Attributes:
        name: its setting.
        training: share right of the images that it learnt from.
        held_out: share right of those that it did not.
        images: how many of the latter; those of the former are as many or more.
        chosen: whether it is the one that was chosen.
    """

    name: str
    training: float
    held_out: float
    images: int
    chosen: bool

    @property
    def gap(self) -> float:
        """By how much it knows better what it learnt from."""
        return self.training - self.held_out


def training_runs(runs: DataFrame | None, compared: DataFrame | None) -> list[TrainingRun]:
    """The runs of which both accuracies are known; none where no head was trained.

    Args:
        runs: training_runs; None where it is not published.
        compared: run_comparison, whose best run is the chosen one where training_runs has none; None likewise.
    """
    tables = []
    if runs is not None:
        tables.append(runs.select("run", "training_accuracy", "accuracy", F.col("evaluated").alias("images"), "chosen"))
    if compared is not None:
        chosen = F.lit(False) if tables else F.col("best")
        tables.append(compared.select("run", "training_accuracy", "accuracy", "images", chosen.alias("chosen")))
    return [
        TrainingRun(row["run"], row["training_accuracy"], row["accuracy"], row["images"], row["chosen"])
        for table in tables
        for row in table.where("training_accuracy IS NOT NULL").orderBy("run").limit(MOST_RUNS).collect()
    ]


def overfitting(evidence: Evidence) -> Row:
    """The gap of the chosen run, with its interval, and how gaps and held-out accuracies go together over all runs.

    Raises:
        CannotError: no run is known.
    """
    runs, level = evidence.pair.runs, evidence.rules.confidence_level
    chosen = next((run for run in runs if run.chosen), None)
    if chosen is None:
        reason = evidence.pair.before.lacks.get("runs", "no run of a training is known")
        raise CannotError(f"not computed, because {reason}")
    right = [round(value * chosen.images) for value in (chosen.training, chosen.held_out)]
    low, high = difference_interval(right[0], chosen.images, right[1], chosen.images, level)
    answer = (
        f"the head ({chosen.name}) is right about {share(chosen.training)} of the images that it learnt from and "
        f"{share(chosen.held_out)} of {chosen.images:,} others: a gap of {100 * chosen.gap:.1f} points "
        f"{within(low, high, level)}{_over(runs, level)}"
    )
    explained = None
    if evidence.pair.before.name.rpartition(":")[2] == TRAIN:
        explained = Explained(chosen.gap, low, high, 0.0)
        answer += f"; the set before is what it learnt from, so this explains {100 * chosen.gap:.1f} points"
    elif low > 0:
        answer += "; it is no reason for a drop between two sets that it did not learn from"
    return judged_row(low > 0, answer, chosen.gap, None, explained) | {"low": low, "high": high}


def _over(runs: Sequence[TrainingRun], level: float) -> str:
    """What several runs tell; nothing of one."""
    if len(runs) < 2:
        return ""
    gaps = [run.gap for run in runs]
    text = f"; over {len(runs):,} runs gaps are {100 * min(gaps):.1f} to {100 * max(gaps):.1f} points"
    found = rank_correlation(gaps, [run.held_out for run in runs], level)
    if found.undefined:
        return text
    tells = "runs with larger gaps know other images less well" if found.high < 0 else (
        "larger gaps do not go with fewer right ones among other images"
    )  # fmt: skip
    return (
        f"{text}, and {tells} (rank correlation {found.r:.2f}, {100 * level:g} %: {found.low:.2f} to {found.high:.2f})"
    )
