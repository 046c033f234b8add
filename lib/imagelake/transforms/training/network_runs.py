"""Many runs of networks at once: each fold of a run is a job of one task, and what is finished is kept for a rerun."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import reduce
from typing import TYPE_CHECKING, Any

from pyspark import inheritable_thread_target
from pyspark.sql.pandas.types import from_arrow_schema

from imagelake.lake.storage import to_pattern
from imagelake.measures.classification import Estimate
from imagelake.tables import TABLES
from imagelake.transforms.training.grid_search import RunResult
from imagelake.transforms.training.head_measures import label_counts, measured_of
from imagelake.transforms.training.network_task import MOST_OF_AN_ERROR, OUTCOMES, NetworkTask, run_as_task
from imagelake.transforms.training.scored_images import SCORED

if TYPE_CHECKING:
    from pyspark import Broadcast
    from pyspark.sql import DataFrame, SparkSession

    from imagelake.lake.files import WritableFiles
    from imagelake.training.network_settings import Start

_SUCCESS = "_SUCCESS"  # Spark writes it when a folder is whole
_WORKER_DIED, _REASON = "Python worker exited unexpectedly", "most recent failure: "


@dataclass(frozen=True, eq=False)
class NetworkFold:
    """One fold of a run.

    Attributes:
        run: the name of the run, one word for the name of a folder.
        task: what is trained.
        packed: the images, persisted.
        start: what the network starts from.
    """

    run: str
    task: NetworkTask
    packed: DataFrame
    start: Broadcast[Start]


@dataclass(frozen=True, eq=False)
class FoldOutcome:
    """What became of a fold.

    Attributes:
        fold: that was trained.
        said: error (None where there is none), seconds, and for a trained network curve, best and stopped.
        rows: `OUTCOMES` as they are stored; None where the job itself failed.
    """

    fold: NetworkFold
    said: dict[str, Any]
    rows: DataFrame | None


class OutcomeStore:
    """Outcomes as files of Parquet below a folder, which is named after all that they depend on."""

    def __init__(self, spark: SparkSession, files: WritableFiles, root: str, folder: str) -> None:
        """Nothing is read or written yet.

        Args:
            spark: the session.
            files: of the lake.
            root: the lake's address.
            folder: below it.
        """
        self._spark, self._files, self._root, self._folder = spark, files, root, folder

    def load(self, fold: NetworkFold) -> FoldOutcome | None:
        """The outcome of an earlier attempt; None where there is none, or only an error."""
        if self._files.read(f"{self._path(fold)}/{_SUCCESS}") is None:
            return None
        found = self._read(fold)
        return None if found.said["error"] else found

    def make(self, fold: NetworkFold) -> FoldOutcome:
        """Train a fold and keep its outcome."""
        run_as_task(fold.packed, fold.task, fold.start).write.mode("overwrite").parquet(self._address(fold))
        return self._read(fold)

    def _read(self, fold: NetworkFold) -> FoldOutcome:
        schema = from_arrow_schema(OUTCOMES)
        rows = self._spark.read.schema(schema).parquet(to_pattern(self._address(fold)))
        (said,) = rows.where("run IS NOT NULL").select("run").collect()
        return FoldOutcome(fold, json.loads(said["run"]), rows)

    def _address(self, fold: NetworkFold) -> str:
        return f"{self._root}/{self._path(fold)}"

    def _path(self, fold: NetworkFold) -> str:
        return f"{self._folder}/{fold.run}/{fold.task.held_out}"


def train_folds(folds: Sequence[NetworkFold], store: OutcomeStore, say: Callable[[str], None]) -> list[FoldOutcome]:
    """Train all that has no outcome yet, as many at once as there are cores, and give the outcomes in their order.

    A job that fails for good, such as one whose worker is killed again and again, is an outcome with its error.

    Args:
        folds: of any number of runs.
        store: of outcomes.
        say: is given a line for each that is finished.
    """
    if not folds:
        return []
    spark = folds[0].packed.sparkSession
    context = spark.sparkContext
    group = f"networks-{id(store)}"

    def finished(fold: NetworkFold) -> FoldOutcome:
        context.setJobGroup(group, f"{fold.run}, fold {fold.task.held_out}")
        try:
            return store.load(fold) or store.make(fold)
        except Exception as error:  # Spark's errors have many types; the other runs go on
            return FoldOutcome(fold, {"error": _brief(error), "seconds": 0.0}, None)

    found: dict[int, FoldOutcome] = {}
    # One more than cores: its task begins when one ends, while the outcome of that one is still being read.
    with ThreadPoolExecutor(context.defaultParallelism + 1) as pool:
        in_thread = inheritable_thread_target(spark)(finished)
        waiting = {pool.submit(in_thread, fold): at for at, fold in enumerate(folds)}
        try:
            for done in as_completed(waiting):
                outcome = found[waiting[done]] = done.result()
                say(f"{len(found)} of {len(folds)}: {_line(outcome)}")
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            context.cancelJobGroup(group)
            raise
    return [found[at] for at in range(len(folds))]


def _line(outcome: FoldOutcome) -> str:
    task, said = outcome.fold.task, outcome.said
    which = f", without fold {task.held_out}" if task.held_out >= 0 else ""
    if said["error"]:
        return f"{outcome.fold.run}{which}: failed: {said['error']}"
    loss = said["curve"][said["best"]][0]
    return f"{outcome.fold.run}{which}: {len(said['curve'])} epochs, loss {loss:.3f}, {said['seconds']:.0f} s"


def _brief(error: Exception) -> str:
    """Why Spark gave up a job, in a line: a worker that the system kills, most often for its memory, says nothing."""
    text = str(error)
    if _WORKER_DIED in text:
        return f"{_WORKER_DIED} in every attempt: it was killed, most often because memory ran out"
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    reason = next((line.partition(_REASON)[2] for line in lines if _REASON in line), lines[0] if lines else "")
    return f"{type(error).__name__}: {reason}"[:MOST_OF_AN_ERROR]


def error_of(outcomes: Sequence[FoldOutcome]) -> str | None:
    """The first error of a run; None where all of its folds were trained."""
    return next((one.said["error"] for one in outcomes if one.said["error"]), None)


def scored_rows(outcomes: Sequence[FoldOutcome]) -> DataFrame:
    """The images that a run's folds scored, as training_predictions has them."""
    frames = [one.rows.where("image_id IS NOT NULL").select(*SCORED.names) for one in outcomes if one.rows is not None]
    return reduce(lambda one, other: one.unionByName(other), frames)


def run_result(outcomes: Sequence[FoldOutcome], scored: DataFrame, evaluated_on: str, level: float) -> RunResult:
    """How a run did on images that its networks did not learn from.

    Args:
        outcomes: of its folds.
        scored: as from `scored_rows`.
        evaluated_on: of the rows that count.
        level: of intervals.
    """
    counted = scored.where(scored["evaluated_on"] == evaluated_on)
    by_name: dict[str, Estimate] = {
        one.measure: one.estimate for one in measured_of(counted, label_counts(counted), level, 0)
    }
    return RunResult(
        None,
        by_name["loss"].value,
        by_name["accuracy"],
        by_name["balanced_accuracy"],
        None,
        max(len(one.said["curve"]) for one in outcomes),
        all(one.said["stopped"] for one in outcomes),
    )


def network_curves(spark: SparkSession, name: str, outcomes: Sequence[FoldOutcome]) -> DataFrame:
    """The training_curves table of a network."""
    return spark.createDataFrame([(name, *epoch) for epoch in epochs_of(outcomes)], TABLES["training_curves"].ddl)


def epochs_of(outcomes: Sequence[FoldOutcome]) -> list[tuple[int, int, float, float | None]]:
    """Fold, epoch, loss and loss of images kept aside, of folds that were trained."""
    return [
        (one.fold.task.held_out, epoch, *losses) for one in outcomes for epoch, losses in enumerate(one.said["curve"])
    ]


def kept_files(outcome: FoldOutcome) -> tuple[bytes, bytes]:
    """The .keras file and the LiteRT flatbuffer of a task that kept its weights."""
    assert outcome.rows is not None
    (row,) = outcome.rows.where("run IS NOT NULL").select("archive", "converted").collect()
    return bytes(row["archive"]), bytes(row["converted"])
