"""Small networks as Spark tasks: the same 24 runs in a session of one core and in one of two, from equal packed files.

A session may use as many processors as it has cores: else the JVM, which starts tasks and keeps their outcomes, would
use a second one beside the session of one core. Seconds are those of `train_folds`: the start of Python workers, their
import of TensorFlow, training, and the outcomes as they are written and read are in them; the start of the JVM is not.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pyarrow as pa  # type: ignore[import-untyped]
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from local_session import settings
from pyspark import StorageLevel
from pyspark.sql import SparkSession
from results import PROJECT, machine, say

from imagelake.lake.files import LocalFiles
from imagelake.runtime.session import start_session
from imagelake.training.network_settings import InputForm, NetworkSettings, Start
from imagelake.transforms.training.network_runs import FoldOutcome, NetworkFold, OutcomeStore, train_folds
from imagelake.transforms.training.network_task import NetworkTask
from imagelake.transforms.training.packed_inputs import INPUTS

CORES, RUNS = (1, 2), 24
FOLDS, OVERLAP = 5, 0.06  # a class's centre, in deviations of a feature
MEMORY, MARK = "1g", "tasks:"  # of the JVM; how an option begins that asks a process for a session


def write_packed(file: Path, images: int, features: int, classes: int) -> None:
    """Packed made features of overlapping classes, as `packed_inputs` has them, in one row group a fold."""
    random = np.random.default_rng(3)
    numbers = random.integers(0, classes, images)
    centres = random.normal(size=(classes, features)) * OVERLAP
    values = (random.normal(size=(images, features)) + centres[numbers]).astype(np.float32)
    rows = pa.table(
        {
            "image_id": [f"made-{row:06}" for row in range(images)],
            "evaluated_on": ["cross_validation"] * images,
            "label": [f"label {number}" for number in numbers],
            "fold": pa.array(np.arange(images) % FOLDS, pa.int32()),
            "packed": pa.array([row.tobytes() for row in values], pa.binary()),
        },
        schema=INPUTS,
    )
    pq.write_table(rows, file, row_group_size=-(-images // FOLDS))


def folds_of(spark: SparkSession, file: Path, options: argparse.Namespace) -> list[NetworkFold]:
    """The runs: the model hidden with a seed each, which learn from four folds and score the fifth."""
    packed = spark.read.parquet(str(file)).persist(StorageLevel.DISK_ONLY)
    packed.count()
    start = spark.sparkContext.broadcast(Start())
    form, labels = InputForm("hidden", width=options.features), tuple(f"label {n}" for n in range(options.classes))
    made = []
    for number in range(options.runs):
        ways = NetworkSettings(
            learning_rate=1e-3, schedule="cosine", epochs=options.epochs, patience=0, batch_size=64, dropout=0.2,
            weight_decay=1e-4, label_smoothing=0.0, augment=False, hidden=(256,), imbalance="none", seed=number,
        )  # fmt: skip
        task = NetworkTask(form, labels, ways, held_out=0, keep=False)
        made.append(NetworkFold(f"run-{number:02}", task, packed, start))
    return made


def work(cores: int, file: Path, options: argparse.Namespace) -> dict[str, Any]:
    """All runs in this process's session: their seconds, and what came of each."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])  # the JVM and the workers inherit it
    with tempfile.TemporaryDirectory() as scratch:
        spark = start_session("network_tasks", settings(scratch, str(cores), MEMORY))
        folds = folds_of(spark, file, options)
        store = OutcomeStore(spark, LocalFiles(Path(scratch)), f"file://{scratch}", "outcomes")
        before, core_s = time.perf_counter(), _core_seconds()
        outcomes = train_folds(folds, store, say)
        seconds, core_s = time.perf_counter() - before, _core_seconds() - core_s
        found = {
            "seconds": seconds,
            "core_s": core_s,
            "in_tasks_s": [one.said["seconds"] for one in outcomes],
            "results": [_digest(one) for one in outcomes],
        }
        spark.stop()
    return found


def _core_seconds() -> float:
    """Of the processor, of this process, the JVM and the Python workers."""
    own = psutil.Process()
    times = [one.cpu_times() for one in (own, *own.children(recursive=True))]
    return float(sum(one.user + one.system for one in times))


def _digest(outcome: FoldOutcome) -> str:
    """Of the losses of a run's epochs and the scores of its images."""
    if outcome.rows is None or outcome.said["error"]:
        sys.exit(f"{outcome.fold.run} failed: {outcome.said['error']}")
    scores = outcome.rows.where("image_id IS NOT NULL").toPandas().sort_values("image_id")
    text = json.dumps(outcome.said["curve"]) + scores.to_csv(index=False)
    return hashlib.sha256(text.encode()).hexdigest()


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Each session in a process of its own, one after the other, so many times, the fastest of each counts."""
    rounds: dict[int, list[dict[str, Any]]] = {cores: [] for cores in CORES}
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "packed.parquet"
        write_packed(file, options.images, options.features, options.classes)
        for _ in range(options.rounds):
            for cores in CORES:
                say(f"training: {options.runs} runs on {cores} of the cores")
                rounds[cores].append(_in_a_process(cores, file, options))
    equal = len({json.dumps(one["results"]) for found in rounds.values() for one in found}) == 1
    if not equal:
        sys.exit("the runs of one core and of two give different results")
    seconds = {str(cores): [one["seconds"] for one in found] for cores, found in rounds.items()}
    in_tasks = {str(cores): [sum(one["in_tasks_s"]) for one in found] for cores, found in rounds.items()}
    core_s = {str(cores): [one["core_s"] for one in found] for cores, found in rounds.items()}
    one, two = (min(seconds[str(cores)]) for cores in CORES)
    made = f"{options.images:,} images of {options.features:,} features, {options.classes:,} classes"
    return {
        "machine": machine(), "made": made, "runs": options.runs, "epochs": options.epochs, "seconds": seconds,
        "in_tasks_s": in_tasks, "core_s": core_s, "ratio": one / two,
    }  # fmt: skip


def _in_a_process(cores: int, file: Path, options: argparse.Namespace) -> dict[str, Any]:
    command = [sys.executable, str(Path(__file__).with_name("training.py")), "--work", f"{MARK}{cores}:{file}"]
    for name in ("images", "features", "classes", "runs", "epochs"):
        command += [f"--{name}", str(getattr(options, name))]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False, cwd=PROJECT)
    if done.returncode:
        sys.exit(f"the session of {cores} cores failed")
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def docs_lines(result: dict[str, Any]) -> list[str]:
    """The table in docs/benchmarks.md."""
    lines = [
        f"{result['runs']} networks of one hidden layer on {result['made']}, {result['epochs']} epochs each, results "
        f"equal; {result['machine']}:",
        "",
        "| session | seconds | seconds of tasks, added up | seconds of a core | as fast |",
        "|---|---|---|---|---|",
    ]
    for cores in map(str, CORES):
        fastest = int(np.argmin(result["seconds"][cores]))
        seconds, in_tasks = result["seconds"][cores][fastest], result["in_tasks_s"][cores][fastest]
        core_s, as_fast = result["core_s"][cores][fastest], min(result["seconds"]["1"]) / seconds
        lines.append(f"| `local[{cores}]` | {seconds:.1f} | {in_tasks:.1f} | {core_s:.1f} | {as_fast:.2f} |")
    return lines
