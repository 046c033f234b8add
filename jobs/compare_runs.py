"""Compare runs: ways to treat imbalance, each with every penalty, on the same images; is the best one really best?

Reads labels_clean, predictions, model, images, hierarchy, and duplicate_groups where there are any. Writes
run_comparison. Each way is a grid as train_classifier trains it; the best penalties are compared image by image, by
McNemar's test and the bootstrap, corrected for their number. A run that fails is a row with its error; a comparison
that was killed goes on with the runs that are missing. It is no step of the pipeline: train_classifier --set
train.imbalance=... makes a head of the best.

    spark-submit jobs/compare_runs.py --root var/lake --set 'runs.imbalance=["none", "over", "under", "both"]'
"""

from __future__ import annotations

import hashlib
import sys
import time
from dataclasses import replace

from pyspark import StorageLevel
from pyspark.sql import functions as F

from imagelake.config import Config
from imagelake.errors import ImageLakeError
from imagelake.runtime.command import main
from imagelake.runtime.job import Job, Work
from imagelake.runtime.progress import announce
from imagelake.transforms.predict.model import PREDICTION_SETTINGS, require_features
from imagelake.transforms.rows.verdicts import count_by_reason, kept, rejected
from imagelake.transforms.training.checkpoint import Checkpoint, FinishedRuns
from imagelake.transforms.training.grid_search import grid_settings, plain_heads
from imagelake.transforms.training.head_training import TRAINED_ON, TrainingSet, Workshop, train_head
from imagelake.transforms.training.packed_features import scaling_of
from imagelake.transforms.training.run_comparison import ComparedRun, Judgement, comparison_rows, hits_of, run_notes
from imagelake.transforms.training.scored_images import score_images
from imagelake.transforms.training.training_images import (
    CROSS_VALIDATION,
    VALIDATION,
    ImageRules,
    count_images,
    groups_of,
    judge_pairs,
    training_images,
    width_of,
)

INPUTS = ("labels_clean", "predictions", "model")


def run(work: Work, config: Config) -> None:
    """Choose the images once, train every run on them, compare the best of each."""
    train, level = config.train, config.accuracy.confidence_level
    require_features(work.lake.require("predictions"), work.lake.require("model"), config.digest(PREDICTION_SETTINGS))
    rules = ImageRules(train.labels, train.min_images, train.folds, train.seed)
    predictions = work.read("predictions")
    judged = judge_pairs(work.read("labels_clean"), predictions, work.read("hierarchy"), rules).persist(
        StorageLevel.DISK_ONLY
    )
    groups = groups_of(work.read("images"), work.read("duplicate_groups"))
    rows = training_images(kept(judged), groups, predictions, rules).persist(StorageLevel.DISK_ONLY)
    counts = count_images(rows, train.folds)
    data = TrainingSet(rows, counts, scaling_of(rows.where(F.col("evaluated_on").isin(*TRAINED_ON)), width_of(rows)))
    work.account(
        "image and label pairs", judged.count(), sum(counts.by_evaluation.values()), count_by_reason(rejected(judged))
    )
    finished = FinishedRuns(work.lake.files, work.job.name, _key(work, config))
    evaluated_on = _evaluated_on(config)
    runs = []
    for number, imbalance in enumerate(dict.fromkeys(config.runs.imbalance), 1):
        announce(f"{work.job.name}: {number} of {len(set(config.runs.imbalance))}: {imbalance}")
        runs.append(_run(work, config, data, imbalance, finished))
    judgement = Judgement(config.runs.judge_by, evaluated_on, level, train.seed)
    table = work.write("run_comparison", comparison_rows(work.lake.spark, runs, judgement))
    finished.delete()
    work.account("runs", len(runs), sum(run.found is not None for run in runs), {
        "failed": sum(run.found is None for run in runs)})  # fmt: skip
    work.note("measured on", f"{counts.by_evaluation[evaluated_on]:,} images, {evaluated_on}")
    for name, value in run_notes(table, config.runs.judge_by).items():
        work.note(name, value)


def _evaluated_on(config: Config) -> str:
    return CROSS_VALIDATION if config.train.folds else VALIDATION


def _run(work: Work, config: Config, data: TrainingSet, imbalance: str, finished: FinishedRuns) -> ComparedRun:
    began, known = time.monotonic(), finished.load(imbalance)
    if known is None:
        settings = grid_settings(
            config.train.model_copy(update={"imbalance": imbalance}), config.accuracy.confidence_level
        )
        checkpoint = Checkpoint(work.lake.files, f"{work.job.name}_{imbalance}", _key(work, config))
        workshop = Workshop(
            config.train.memory_bytes, f"{work.staging}/packed_{imbalance}", checkpoint,
            lambda line: announce(f"{work.job.name}: {imbalance}: {line}"),
        )  # fmt: skip
        try:
            found = train_head(data, replace(settings, distrust_below=0.0), workshop)
        except (ImageLakeError, MemoryError) as error:
            return ComparedRun(imbalance, None, None, round(time.monotonic() - began, 3), str(error) or "out of memory")
        known = found, round(time.monotonic() - began, 3)
        finished.save(imbalance, *known)
    (found, seconds), evaluated_on = known, _evaluated_on(config)
    scored = score_images(
        data.rows.where(F.col("evaluated_on") == evaluated_on), plain_heads(found, data.scaling, data.counts.labels)
    )
    return ComparedRun(imbalance, found, hits_of(scored, evaluated_on).persist(StorageLevel.DISK_ONLY), seconds)


def _key(work: Work, config: Config) -> str:
    inputs = (f"{name}={work.lake.require(name).run_id}" for name in INPUTS)
    return hashlib.sha256("\n".join([config.digest(["train"]), *inputs]).encode()).hexdigest()[:16]


JOB = Job(
    name="compare_runs",
    doc=__doc__,
    run=run,
    reads=("labels_clean", "predictions", "model", "images", "hierarchy", "duplicate_groups"),
    optional=("duplicate_groups",),
    writes=("run_comparison",),
    settings=("runs", "train", "model", "images", "accuracy.confidence_level"),
)

if __name__ == "__main__":
    sys.exit(main(JOB))
