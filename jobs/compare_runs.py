"""Compare runs: models, ways to treat imbalance and learning rates, on the same images; is the best really best?

Reads labels_clean, predictions, model, images, hierarchy, image_bytes for networks on pixels, and duplicate_groups
where there are any. Writes run_comparison. Linear heads of each way to treat imbalance are a grid as train_classifier
trains it. Each fold of a network is a task of one core, as many at once as there are cores. All are compared image by
image, by McNemar's test and the bootstrap, corrected for their number. A run that fails is a row with its error; a
comparison that was killed goes on with the runs that are missing. It is no step of the pipeline: train_classifier --set
train.model=... --set train.imbalance=... publishes the best. With train.features it learns from files of features.
Cost: at most 81 s for six ways to treat imbalance and five penalties on 22,408 images of 1,024 features, on two cores.

    spark-submit jobs/compare_runs.py --root var/lake --set 'runs.models=["linear", "hidden"]'
    spark-submit jobs/compare_runs.py --set 'runs.models=["hidden"]' --set 'runs.learning_rate=[1e-2, 1e-3, 1e-4]'
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from pyspark import StorageLevel
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from imagelake.config import Classifier, Config, Imbalance
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import Inputs
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.progress import announce
from imagelake.runtime.resolve.training import (
    check_networks,
    input_form,
    network_settings,
    source_files,
    source_tables,
    start_of,
    training_key,
    training_source,
)
from imagelake.runtime.tracking import curves_of, log_runs, run_tags, tracked_runs
from imagelake.training.network_settings import LINEAR
from imagelake.transforms.predict.model import image_limits, input_settings
from imagelake.transforms.rows.verdicts import count_by_reason, rejected
from imagelake.transforms.training.checkpoint import FOLDER, FinishedRuns
from imagelake.transforms.training.grid_search import grid_settings, head_curves, plain_heads
from imagelake.transforms.training.head_training import TRAINED_ON, TrainingSet, Workshop, train_head
from imagelake.transforms.training.network_runs import (
    FoldOutcome,
    NetworkFold,
    OutcomeStore,
    epochs_of,
    error_of,
    run_result,
    scored_rows,
    train_folds,
)
from imagelake.transforms.training.network_task import NetworkTask
from imagelake.transforms.training.packed_features import scaling_of
from imagelake.transforms.training.packed_inputs import pack_inputs
from imagelake.transforms.training.run_comparison import (
    ComparedRun,
    Judgement,
    compared_curves,
    comparison_rows,
    hits_of,
    run_notes,
)
from imagelake.transforms.training.scored_images import score_images
from imagelake.transforms.training.training_images import (
    CROSS_VALIDATION,
    VALIDATION,
    ImageRules,
    choose_images,
    count_images,
    width_of,
)


def run(work: Work, config: Config) -> None:
    """Choose the images once, train every run on them, compare the best of each."""
    train, level = config.train, config.accuracy.confidence_level
    source = training_source(work, config, config.runs.models)
    rules = ImageRules(train.labels, train.min_images, train.folds, train.seed)
    judged, rows = choose_images(source.labels, source.tables, rules)
    counts = count_images(rows, train.folds)
    data = TrainingSet(rows, counts, scaling_of(rows.where(F.col("evaluated_on").isin(*TRAINED_ON)), width_of(rows)))
    work.account(
        "image and label pairs", judged.count(), sum(counts.by_evaluation.values()), count_by_reason(rejected(judged))
    )
    key = training_key(config, source, config.runs.models, work.lake.storage)
    finished = FinishedRuns(work.lake.files, work.job.name, key)
    evaluated_on = _evaluated_on(config)
    runs = []
    ways = tuple(dict.fromkeys(config.runs.imbalance)) if LINEAR in config.runs.models else ()
    for number, imbalance in enumerate(ways, 1):
        announce(f"{work.job.name}: linear, {number} of {len(ways)}: {imbalance}")
        runs.append(_run_heads(work, config, data, imbalance, finished))
    runs += _run_networks(work, config, data, key)
    judgement = Judgement(config.runs.judge_by, evaluated_on, level, train.seed)
    table = work.write("run_comparison", comparison_rows(work.lake.spark, runs, judgement))
    finished.delete()
    if config.mlflow.store:
        _log_runs(work, config, table, runs)
    work.account("runs", len(runs), sum(bool(run.results) for run in runs), {
        "failed": sum(not run.results for run in runs)})  # fmt: skip
    work.note("measured on", f"{counts.by_evaluation[evaluated_on]:,} images, {evaluated_on}")
    for name, value in run_notes(table, config.runs.judge_by).items():
        work.note(name, value)


def _log_runs(work: Work, config: Config, table: DataFrame, runs: list[ComparedRun]) -> None:
    """The rows of run_comparison with their curves, to MLflow."""
    curves, settings = curves_of(compared_curves(runs)), config.values(["train"])
    tracked = tracked_runs([row.asDict() for row in table.collect()], settings, curves, {})
    work.note("logged in MLflow", f"{log_runs(config.mlflow, tracked, run_tags(work)):,} of {len(tracked):,} runs")


def _evaluated_on(config: Config) -> str:
    return CROSS_VALIDATION if config.train.folds else VALIDATION


def _run_heads(
    work: Work, config: Config, data: TrainingSet, imbalance: Imbalance, finished: FinishedRuns
) -> ComparedRun:
    began, known = time.monotonic(), finished.load(imbalance)
    if known is None:
        settings = grid_settings(
            config.train.model_copy(update={"imbalance": imbalance}), config.accuracy.confidence_level
        )
        workshop = Workshop(
            config.train.memory_bytes, f"{work.staging}/packed_{imbalance}", finished.checkpoint(imbalance),
            lambda line: announce(f"{work.job.name}: {imbalance}: {line}"),
        )  # fmt: skip
        try:
            found = train_head(data, replace(settings, distrust_below=0.0), workshop)
        except (ImageLakeError, MemoryError) as error:
            seconds = round(time.monotonic() - began, 3)
            return ComparedRun(LINEAR, imbalance, None, (), 0, None, seconds, str(error) or "out of memory")
        known = found, round(time.monotonic() - began, 3)
        finished.save(imbalance, *known)
    (found, seconds), evaluated_on = known, _evaluated_on(config)
    scored = score_images(
        data.rows.where(F.col("evaluated_on") == evaluated_on), plain_heads(found, data.scaling, data.counts.labels)
    )
    hits = hits_of(scored, evaluated_on).persist(StorageLevel.DISK_ONLY)
    curves = tuple(head_curves(found))
    return ComparedRun(LINEAR, imbalance, None, tuple(found.runs), found.chosen, hits, seconds, curves=curves)


class _NetworkRun(NamedTuple):
    """A point of the grid of networks."""

    model: Classifier
    imbalance: Imbalance
    learning_rate: float

    @property
    def word(self) -> str:
        return f"{self.model}-{self.imbalance}-{self.learning_rate}"


def _grid(config: Config) -> list[_NetworkRun]:
    runs = config.runs
    models = [model for model in dict.fromkeys(runs.models) if model != LINEAR]
    rates = dict.fromkeys(runs.learning_rate or (config.train.learning_rate,))
    return [_NetworkRun(*point) for point in product(models, dict.fromkeys(runs.imbalance), rates)]


def _run_networks(work: Work, config: Config, data: TrainingSet, key: str) -> list[ComparedRun]:
    grid = _grid(config)
    if not grid:
        return []
    folds = _folds(work, config, data, grid)
    folder = f"{FOLDER}/{work.job.name}/networks-{key}"
    store = OutcomeStore(work.lake.spark, work.lake.files, work.lake.root, folder)
    outcomes = train_folds(folds, store, lambda line: announce(f"{work.job.name}: {line}"))
    each = len(folds) // len(grid)
    return [
        _compared(config, point, outcomes[number * each : (number + 1) * each]) for number, point in enumerate(grid)
    ]


def _folds(work: Work, config: Config, data: TrainingSet, grid: list[_NetworkRun]) -> list[NetworkFold]:
    """Every fold of every run, on images that are packed once for all networks that take the same."""
    rows, labels = data.rows.where("fold IS NOT NULL"), data.counts.labels
    framing = input_settings(config.model, image_limits(config.images))
    context, packed, starts = work.lake.spark.sparkContext, dict[tuple[int, ...], DataFrame](), {}
    folds = []
    for point in grid:
        form = input_form(point.model, config, len(data.scaling.mean))
        if form.shape not in packed:
            announce(f"{work.job.name}: packing the images for {point.model}")
            contents = None if form.width else work.read("image_bytes")
            packed[form.shape] = pack_inputs(rows, contents, form, framing)
        if point.model not in starts:
            starts[point.model] = context.broadcast(start_of(point.model, config, work.lake.storage))
        settings = network_settings(config.train, point.imbalance, point.learning_rate)
        for held_out in range(config.train.folds) if config.train.folds else (1,):
            task = NetworkTask(form, labels, settings, held_out, keep=False)
            folds.append(NetworkFold(point.word, task, packed[form.shape], starts[point.model]))
    return folds


def _compared(config: Config, point: _NetworkRun, outcomes: list[FoldOutcome]) -> ComparedRun:
    seconds, evaluated_on = sum(one.said["seconds"] for one in outcomes), _evaluated_on(config)
    settings = point.model, point.imbalance, point.learning_rate
    if error := error_of(outcomes):
        return ComparedRun(*settings, (), 0, None, seconds, error)
    scored = scored_rows(outcomes)
    result = run_result(outcomes, scored, evaluated_on, config.accuracy.confidence_level)
    curves = tuple((None, *epoch) for epoch in epochs_of(outcomes))
    return ComparedRun(*settings, (result,), 0, hits_of(scored, evaluated_on), seconds, curves=curves)


def needs(config: Config) -> tuple[str, ...]:
    """The images themselves only where a network takes pixels; nothing of the lake where files are learnt from."""
    return source_tables(config, config.runs.models)


def files(config: Config) -> tuple[str, ...]:
    """The files of features, and the weights that networks start from."""
    return source_files(config, config.runs.models)


def check(config: Config, _: Inputs) -> None:
    """Judge the networks before any is trained."""
    check_networks(config, config.runs.models)


JOB = Job(
    name="compare_runs",
    doc=__doc__,
    run=run,
    reads=("labels_clean", "predictions", "model", "images", "hierarchy", "image_bytes", "duplicate_groups"),
    needs=needs,
    optional=("duplicate_groups",),
    writes=("run_comparison",),
    settings=("runs", "train", "model", "images", "accuracy.confidence_level", "mlflow"),
    files=files,
    check=check,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
