"""Train a head: multinomial logistic regression from stored features to the lake's own clean labels.

Reads labels_clean, predictions, model, images, hierarchy, and duplicate_groups where there are any. Writes
training_runs, training_curves, training_measures, training_labels, training_confusion, training_predictions, and the
folder heads: the trained head and its card, beside earlier heads of other names. Every penalty of train.l2 and every
fold is trained at once: one pass over the features gives each of them its next step. It is no step of the pipeline:
predict_images --set model.head=NAME uses the head.
Cost: at most 73 s for 1,251 images of 1,280 features, 13 penalties and five folds on two busy cores.

    spark-submit jobs/train_classifier.py --root var/lake --set train.name=animals --set 'train.labels=["Lion", "Owl"]'
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.runtime.code_version import code_of
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.progress import announce
from imagelake.runtime.resolve.network import load_network
from imagelake.transforms.predict.model import PREDICTION_SETTINGS, features_name, require_features
from imagelake.transforms.rows.verdicts import count_by_reason, kept, rejected
from imagelake.transforms.training.checkpoint import Checkpoint
from imagelake.transforms.training.grid_search import (
    RunContext,
    SearchedGrid,
    curve_rows,
    grid_settings,
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
from imagelake.transforms.training.packed_features import scaling_of
from imagelake.transforms.training.scored_images import score_images
from imagelake.transforms.training.training_images import (
    CROSS_VALIDATION,
    VALIDATION,
    ImageRules,
    TrainingCounts,
    count_images,
    groups_of,
    judge_pairs,
    too_rare_labels,
    training_images,
    width_of,
)
from imagelake.vision.head import HEADS, HeadCard, head_files

if TYPE_CHECKING:
    from pyspark.sql import DataFrame

INPUTS = ("labels_clean", "predictions", "model")
DUPLICATES = "duplicate_groups"
NAMED = 5  # of the labels that are left out
SHOWN = ("accuracy", "balanced_accuracy", "macro_f1", "calibration_error")


def run(work: Work, config: Config) -> None:
    """Choose the images, train the grid, measure the best head on images it did not learn from, publish it."""
    train, level = config.train, config.accuracy.confidence_level
    network = load_network(work.folder("model"), config.model, work.lake.storage)
    require_features(work.lake.require("predictions"), work.lake.require("model"), config.digest(PREDICTION_SETTINGS))
    rules = ImageRules(train.labels, train.min_images, train.folds, train.seed)
    predictions, images = work.read("predictions"), work.read("images")
    judged = judge_pairs(work.read("labels_clean"), predictions, work.read("hierarchy"), rules).persist(
        StorageLevel.DISK_ONLY
    )
    groups = groups_of(work.read("images"), work.read(DUPLICATES))
    rows = training_images(kept(judged), groups, predictions, rules).persist(StorageLevel.DISK_ONLY)
    counts = count_images(rows, train.folds)
    dropped = count_by_reason(rejected(judged))
    work.account("image and label pairs", judged.count(), sum(counts.by_evaluation.values()), dropped)

    began = time.monotonic()
    data = TrainingSet(rows, counts, scaling_of(rows.where(F.col("evaluated_on").isin(*TRAINED_ON)), width_of(rows)))
    checkpoint = Checkpoint(work.lake.files, train.name, _key(work, config))
    workshop = Workshop(
        train.memory_bytes, f"{work.staging}/packed", checkpoint, lambda line: announce(f"{work.job.name}: {line}")
    )
    found = train_head(data, grid_settings(train, level), workshop)
    heads = plain_heads(found, data.scaling, counts.labels)
    scored = score_images(rows.where("evaluated_on != 'train'"), heads)
    scored = work.write("training_predictions", scored)
    context = RunContext(
        train.name, train.imbalance, train.choose_by, train.folds, train.seed, len(counts.labels), counts.training,
        CROSS_VALIDATION if train.folds else VALIDATION, round(time.monotonic() - began, 3),
        ", ".join(f"{name} {run_id}" for name, run_id in _inputs(work).items()), code_of(run).version,
    )  # fmt: skip
    by_label = label_counts(scored)
    measured = measured_of(scored, by_label, level, train.seed)
    spark = work.lake.spark
    work.write("training_runs", run_rows(spark, found, context, level))
    work.write("training_curves", curve_rows(spark, found))
    work.write("training_measures", measure_rows(spark, measured, level))
    work.write("training_labels", label_rows(spark, by_label, level))
    work.write("training_confusion", confusion_rows(scored))
    card = HeadCard(
        train.name, features_name(network, config.model), counts.labels, found.runs[found.chosen].l2, train.imbalance,
        train.folds, train.seed, counts.images,
        {f"{one.measure}, {one.evaluated_on}": one.estimate.value for one in measured if one.measure in SHOWN},
        _licences(rows, images), _inputs(work), context.code,
    )  # fmt: skip
    _publish(work, head_files(card, heads.final, undone(found.judges, data.scaling)))
    _summarise(work, counts, found, measured, context)
    if rare := too_rare_labels(judged, NAMED):
        work.note(f"labels left out, under {train.min_images} images", rare)
    never = [
        label for found_of in by_label.values() for label, one in found_of.items() if one.images and not one.predicted
    ]
    work.note("labels never predicted", ", ".join(sorted(set(never))) or "none")
    work.images = counts.training


def _key(work: Work, config: Config) -> str:
    parts = [config.digest(["train"]), *(f"{name}={run_id}" for name, run_id in _inputs(work).items())]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _inputs(work: Work) -> dict[str, str]:
    duplicates = (DUPLICATES,) if work.has(DUPLICATES) else ()
    return {name: work.lake.require(name).run_id for name in (*INPUTS, *duplicates)}


def _licences(rows: DataFrame, images: DataFrame) -> dict[str, int]:
    """The licences of the images that were learnt from, the most frequent ones."""
    of_images = rows.where(F.col("fold").isNotNull()).join(images.select("image_id", "license"), "image_id", how="left")
    counted = of_images.groupBy(F.coalesce("license", F.lit("")).alias("license")).count()
    return {row["license"]: row["count"] for row in counted.orderBy(F.desc("count"), "license").limit(20).collect()}


def _publish(work: Work, files: dict[str, bytes]) -> None:
    """The head beside earlier ones of other names."""
    with tempfile.TemporaryDirectory() as scratch:
        earlier = work.previous(HEADS)
        for name in work.lake.storage.names(earlier) if earlier else ():
            if not name.startswith(("_", ".")):
                (Path(scratch) / name).write_bytes(work.lake.storage.read_bytes(f"{earlier}/{name}"))
        for name, content in files.items():
            (Path(scratch) / name).write_bytes(content)
        work.write_folder(HEADS, Path(scratch), files=len(list(Path(scratch).iterdir())))


def _summarise(
    work: Work, counts: TrainingCounts, found: SearchedGrid, measured: list[Measured], context: RunContext
) -> None:
    best = found.runs[found.chosen]
    work.note("head", f"{context.head}: {context.labels:,} labels, {counts.training:,} training images")
    edge = (
        ", the edge of train.l2: try a wider one"
        if found.chosen in (0, len(found.runs) - 1) and len(found.runs) > 1
        else ""
    )
    work.note(
        "chosen", f"l2 = {best.l2:g} of {len(found.runs)}, by {context.choose_by} in {context.evaluated_on}{edge}"
    )
    if not all(one.converged for one in found.runs):
        work.note("not converged", ", ".join(f"l2 = {one.l2:g}" for one in found.runs if not one.converged))
    for one in measured:
        if one.measure in SHOWN:
            bounds = f" ({one.estimate.low:.3f} to {one.estimate.high:.3f})" if one.estimate.low is not None else ""
            work.note(f"{one.measure}, {one.evaluated_on}", f"{one.estimate.value:.3f}{bounds} of {one.estimate.n:,}")
    work.note("training", f"{context.seconds:.1f} s")


JOB = Job(
    name="train_classifier",
    doc=__doc__,
    run=run,
    reads=("labels_clean", "predictions", "model", "images", "hierarchy", "duplicate_groups"),
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
    settings=("train", "model", "images", "accuracy.confidence_level"),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
