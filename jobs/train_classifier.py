"""Train a classifier of the lake's own clean labels: a linear head on stored features, or a network.

Reads labels_clean, predictions, model, images, hierarchy, image_bytes for a network on pixels, and duplicate_groups
where there are any. Writes training_runs, training_curves, training_measures, training_labels, training_confusion,
training_predictions, and the folder heads: the trained head or network and its card, beside earlier ones of other
names. Every penalty of train.l2 and every fold of a head is trained at once: one pass over the features gives each of
them its next step. Each fold of a network is a task of one core. It is no step of the pipeline: predict_images --set
model.head=NAME uses the classifier.
With train.features it learns from files of features instead, and reads nothing of the lake.
Cost: at most 73 s for 1,251 images of 1,280 features, 13 penalties and five folds on two busy cores.

    spark-submit jobs/train_classifier.py --root var/lake --set train.name=animals --set 'train.labels=["Lion", "Owl"]'
    spark-submit jobs/train_classifier.py --root var/lake --set train.name=tuned --set train.model=mobilenet_v2
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.lake.inputs import Inputs
from imagelake.runtime.code_version import code_of
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.progress import announce
from imagelake.runtime.resolve.training import (
    TrainingSource,
    check_networks,
    input_form,
    network_settings,
    source_files,
    source_tables,
    start_files,
    start_of,
    training_key,
    training_source,
)
from imagelake.runtime.tracking import curves_of, log_runs, run_tags, tracked_runs
from imagelake.training.head_loss import NO_FOLD
from imagelake.training.network_settings import LINEAR, NetworkSettings
from imagelake.transforms.predict.model import image_limits, input_settings
from imagelake.transforms.rows.verdicts import count_by_reason, rejected
from imagelake.transforms.training.checkpoint import FOLDER, Checkpoint
from imagelake.transforms.training.grid_search import (
    RunContext,
    RunResult,
    curve_rows,
    grid_settings,
    head_results,
    plain_heads,
    run_rows,
    undone,
)
from imagelake.transforms.training.head_measures import (
    Measured,
    confusion_rows,
    label_counts,
    label_rows,
    measure_rows,
    measured_of,
)
from imagelake.transforms.training.head_training import TRAINED_ON, TrainingSet, Workshop, train_head
from imagelake.transforms.training.network_runs import (
    NetworkFold,
    OutcomeStore,
    error_of,
    kept_files,
    network_curves,
    run_result,
    scored_rows,
    train_folds,
)
from imagelake.transforms.training.network_task import NetworkTask
from imagelake.transforms.training.packed_features import scaling_of
from imagelake.transforms.training.packed_inputs import pack_inputs
from imagelake.transforms.training.scored_images import score_images
from imagelake.transforms.training.training_images import (
    CROSS_VALIDATION,
    VALIDATION,
    ImageRules,
    TrainingCounts,
    choose_images,
    count_images,
    too_rare_labels,
    width_of,
)
from imagelake.vision.head import HEADS, HeadCard, head_files
from imagelake.vision.trained_network import TrainedCard, network_files

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

NAMED = 5  # of the labels that are left out
SHOWN = ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error")


def run(work: Work, config: Config) -> None:
    """Choose the images, train on them, measure what came of it on images it did not learn from, publish it."""
    train, level = config.train, config.accuracy.confidence_level
    source = training_source(work, config, [train.model])
    rules = ImageRules(train.labels, train.min_images, train.folds, train.seed)
    judged, rows = choose_images(source.labels, source.tables, rules)
    counts = count_images(rows, train.folds)
    dropped = count_by_reason(rejected(judged))
    work.account("image and label pairs", judged.count(), sum(counts.by_evaluation.values()), dropped)

    began = time.monotonic()
    trained = (_head if train.model == LINEAR else _network)(work, config, source, rows, counts)
    scored = work.write("training_predictions", trained.scored)
    context = RunContext(
        train.name, train.model, None if train.model == LINEAR else train.learning_rate, train.imbalance,
        train.choose_by, train.folds, train.seed, len(counts.labels), counts.training,
        CROSS_VALIDATION if train.folds else VALIDATION, round(time.monotonic() - began, 3),
        ", ".join(f"{name} {run_id}" for name, run_id in source.inputs.items()), code_of(run).version,
    )  # fmt: skip
    by_label = label_counts(scored)
    measured = measured_of(scored, by_label, level, train.seed)
    spark = work.lake.spark
    results = trained.results(scored, context.evaluated_on)
    runs = work.write("training_runs", run_rows(spark, results, trained.chosen, context, level))
    curves = work.write("training_curves", trained.curves)
    work.write("training_measures", measure_rows(spark, measured, level))
    work.write("training_labels", label_rows(spark, by_label, level))
    work.write("training_confusion", confusion_rows(scored))
    shown = {f"{one.measure}, {one.evaluated_on}": one.estimate.value for one in measured if one.measure in SHOWN}
    if config.mlflow.store:
        _log_runs(work, config, (runs, curves), {name.replace(", ", "/"): value for name, value in shown.items()})
    about = _About(source, counts, shown, _licences(rows, source.tables["images"]), context)
    _publish(work, train.name, trained.files(about))
    work.lake.files.delete(_outcomes_folder(config))
    _summarise(work, results, trained.chosen, measured, context)
    if rare := too_rare_labels(judged, NAMED):
        work.note(f"labels left out, under {train.min_images} images", rare)
    never = [
        label for found_of in by_label.values() for label, one in found_of.items() if one.images and not one.predicted
    ]
    work.note("labels never predicted", ", ".join(sorted(set(never))) or "none")
    work.images = counts.training


def _log_runs(work: Work, config: Config, tables: tuple[DataFrame, DataFrame], measured: dict[str, float]) -> None:
    """The rows of training_runs and training_curves, to MLflow."""
    rows, curves = ([row.asDict() for row in table.collect()] for table in tables)
    runs = tracked_runs(rows, config.values(["train"]), curves_of(curves), measured)
    work.note("logged in MLflow", f"{log_runs(config.mlflow, runs, run_tags(work)):,} of {len(runs):,} runs")


class _About(NamedTuple):
    """What a card says besides how the classifier was trained."""

    source: TrainingSource
    counts: TrainingCounts
    measures: dict[str, float]
    licences: dict[str, int]
    context: RunContext


class _Trained(NamedTuple):
    """A trained head or network: its scores, its results by run, and its files once it has been measured."""

    scored: DataFrame
    results: Callable[[DataFrame, str], Mapping[str, RunResult]]
    chosen: str
    curves: DataFrame
    files: Callable[[_About], dict[str, bytes]]


def _head(work: Work, config: Config, source: TrainingSource, rows: DataFrame, counts: TrainingCounts) -> _Trained:
    """Train the grid of heads and choose the best."""
    train = config.train
    data = TrainingSet(rows, counts, scaling_of(rows.where(F.col("evaluated_on").isin(*TRAINED_ON)), width_of(rows)))
    checkpoint = Checkpoint(work.lake.files, train.name, training_key(config, source, [train.model], work.lake.storage))
    workshop = Workshop(
        train.memory_bytes, f"{work.staging}/packed", checkpoint, lambda line: announce(f"{work.job.name}: {line}")
    )
    settings = grid_settings(train, config.accuracy.confidence_level)
    found = train_head(data, settings, workshop)
    heads = plain_heads(found, data.scaling, counts.labels)
    results, chosen = head_results(found, settings.l2)
    if not all(one.converged for one in found.runs):
        work.note("not converged", ", ".join(name for name, one in results.items() if not one.converged))

    def files(about: _About) -> dict[str, bytes]:
        card = HeadCard(
            train.name, about.source.features, counts.labels, train.folds, train.seed, counts.images, about.measures,
            about.licences, dict(about.source.inputs), about.context.code, settings.l2[found.chosen], train.imbalance,
        )  # fmt: skip
        return head_files(card, heads.final, undone(found.judges, data.scaling))

    scored = score_images(rows.where("evaluated_on != 'train'"), heads)
    return _Trained(scored, lambda *_: results, chosen, curve_rows(work.lake.spark, found), files)


def _network(work: Work, config: Config, source: TrainingSource, rows: DataFrame, counts: TrainingCounts) -> _Trained:
    """Train a network without each fold in turn, and one of all training images."""
    train, model = config.train, config.model
    form = input_form(train.model, config, width_of(rows))
    contents = None if form.width else work.read("image_bytes")
    packed = pack_inputs(rows, contents, form, input_settings(model, image_limits(config.images)))
    start = work.lake.spark.sparkContext.broadcast(start_of(train.model, config, work.lake.storage))
    settings = network_settings(train, train.imbalance, train.learning_rate)
    held_out = [*range(train.folds), NO_FOLD] if train.folds else [1]
    folds = [
        NetworkFold(train.name, NetworkTask(form, counts.labels, settings, fold, fold == held_out[-1]), packed, start)
        for fold in held_out
    ]
    folder = f"{_outcomes_folder(config)}/{training_key(config, source, [train.model], work.lake.storage)}"
    store = OutcomeStore(work.lake.spark, work.lake.files, work.lake.root, folder)
    outcomes = train_folds(folds, store, lambda line: announce(f"{work.job.name}: {line}"))
    if error := error_of(outcomes):
        raise ImageLakeError(f"{train.model}: {error}")
    name, level = f"learning_rate={train.learning_rate:g}", config.accuracy.confidence_level
    measuring = outcomes[:-1] or outcomes

    def results(scored: DataFrame, evaluated_on: str) -> Mapping[str, RunResult]:
        return {name: run_result(measuring, scored, evaluated_on, level)}

    def files(about: _About) -> dict[str, bytes]:
        card = TrainedCard(
            train.name, about.source.features if form.width else "", counts.labels, train.folds, train.seed,
            counts.images, about.measures, about.licences, dict(about.source.inputs), about.context.code, train.model,
            "features" if form.width else "pixels", form.side, model.framing, _said_settings(settings, config),
        )  # fmt: skip
        return network_files(card, *kept_files(outcomes[-1]))

    scored = scored_rows(outcomes).where("evaluated_on != 'train'")
    return _Trained(scored, results, name, network_curves(work.lake.spark, name, outcomes), files)


def _said_settings(settings: NetworkSettings, config: Config) -> dict[str, object]:
    """The settings of a network, and what it started from where that is a file."""
    started = start_files(config, [config.train.model])
    return vars(settings) | {"unfrozen_blocks": config.train.unfrozen_blocks, "weights": ", ".join(started)}


def _outcomes_folder(config: Config) -> str:
    return f"{FOLDER}/{config.train.name}_network"


def _licences(rows: DataFrame, images: DataFrame) -> dict[str, int]:
    """The licences of the images that were learnt from, the most frequent ones."""
    of_images = rows.where(F.col("fold").isNotNull()).join(images.select("image_id", "license"), "image_id", how="left")
    counted = of_images.groupBy(F.coalesce("license", F.lit("")).alias("license")).count()
    return {row["license"]: row["count"] for row in counted.orderBy(F.desc("count"), "license").limit(20).collect()}


def _publish(work: Work, name: str, files: dict[str, bytes]) -> None:
    """The classifier beside earlier ones of other names."""
    with tempfile.TemporaryDirectory() as scratch:
        earlier = work.previous(HEADS)
        for file in work.lake.storage.names(earlier) if earlier else ():
            if not file.startswith(("_", ".", f"{name}.")):
                (Path(scratch) / file).write_bytes(work.lake.storage.read_bytes(f"{earlier}/{file}"))
        for file, content in files.items():
            (Path(scratch) / file).write_bytes(content)
        work.write_folder(HEADS, Path(scratch), files=len(list(Path(scratch).iterdir())))


def _summarise(
    work: Work,
    results: Mapping[str, RunResult],
    chosen: str,
    measured: list[Measured],
    context: RunContext,
) -> None:
    of_model = "" if context.model == LINEAR else f" ({context.model})"
    work.note("head", f"{context.head}{of_model}: {context.labels:,} labels, {context.images:,} training images")
    if context.model == LINEAR:
        names = list(results)
        at_edge = len(names) > 1 and chosen in (names[0], names[-1])
        edge = ", the edge of train.l2: try a wider one" if at_edge else ""
        work.note("chosen", f"{chosen} of {len(results)}, by {context.choose_by} in {context.evaluated_on}{edge}")
    else:
        work.note("epochs", f"{results[chosen].iterations}, {chosen}")
    for one in measured:
        if one.measure in SHOWN:
            bounds = f" ({one.estimate.low:.3f} to {one.estimate.high:.3f})" if one.estimate.low is not None else ""
            work.note(f"{one.measure}, {one.evaluated_on}", f"{one.estimate.value:.3f}{bounds} of {one.estimate.n:,}")
    work.note("training", f"{context.seconds:.1f} s")


def needs(config: Config) -> tuple[str, ...]:
    """The images themselves only where a network takes pixels; nothing of the lake where files are learnt from."""
    return source_tables(config, [config.train.model])


def files(config: Config) -> tuple[str, ...]:
    """The files of features, and the weights that a network starts from."""
    return source_files(config, [config.train.model])


def check(config: Config, _: Inputs) -> None:
    """Judge the network before it is trained."""
    check_networks(config, [config.train.model])


JOB = Job(
    name="train_classifier",
    doc=__doc__,
    run=run,
    reads=("labels_clean", "predictions", "model", "images", "hierarchy", "image_bytes", "duplicate_groups"),
    needs=needs,
    optional=("duplicate_groups",),
    writes=(
        "training_runs",
        "training_curves",
        "training_measures",
        "training_labels",
        "training_confusion",
        "training_predictions",
        "heads",
    ),
    settings=("train", "model", "images", "accuracy.confidence_level", "mlflow"),
    files=files,
    check=check,
)

if __name__ == "__main__":
    sys.exit(main(JOB))
