"""A grid of linear heads on made features: ours beside scikit-learn and Keras, by time, memory, loss and accuracy.

Each contestant trains 13 penalties, in a process of its own on one core, and is measured in seconds of the processor.
Ours trains them in shared passes; scikit-learn one after the other, as Keras does with Adam. What each found is judged
by the same loss in double precision. `--pass-only` measures one pass of ours for many classes instead: the cost of an
epoch. `--tasks` measures small networks as tasks of Spark instead: on two cores against one after the other.
`--write-scans` measures nothing: it writes made images of three labels, one of them rare, as an array and a CSV.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import network_tasks
import numpy as np
from made_scans import write_scans
from numpy.typing import NDArray
from results import keep, machine, say, write_docs

Features = NDArray[np.float32]
Classes = NDArray[np.int32]
L2 = tuple(float(10**power) for power in np.arange(-5, 1.5, 0.5))
EPOCHS, BATCH = 20, 256  # of Keras
HELD_OUT = 0.2


def made(images: int, features: int, classes: int) -> tuple[Features, Classes]:
    """Standardised features float32 [N, D] of overlapping classes, and classes int32 [N]."""
    random = np.random.default_rng(1)
    labels = random.integers(0, classes, images).astype(np.int32)
    centres = random.normal(size=(classes, features)).astype(np.float32)
    values = random.normal(size=(images, features)).astype(np.float32) + centres[labels] * np.float32(0.12)
    return (values - values.mean(0)) / values.std(0), labels


def ours(features: Features, labels: Classes, classes: int) -> list[NDArray[np.float64]]:
    """All penalties in shared passes."""
    from imagelake.training.head_grid import Effort, HeadSpec, Shape, train_grid
    from imagelake.training.head_loss import Block, sums_of

    block = Block(features, labels, np.ones(len(labels), np.float32), np.zeros(len(labels), np.int8))
    shape = Shape(features.shape[1], classes)
    heads = train_grid(
        [HeadSpec(l2) for l2 in L2], shape, lambda weights, out: sums_of([block], weights, out), Effort(1e-4, 300)
    )
    return [head.weights.astype(float) for head in heads]


def scikit_learn(features: Features, labels: Classes, classes: int) -> list[NDArray[np.float64]]:
    """One penalty after the other, with its default tolerance."""
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    assert classes > 2
    found = []
    for l2 in L2:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = LogisticRegression(C=1 / (len(labels) * l2), max_iter=300).fit(features, labels)
        found.append(np.vstack([model.coef_.T, model.intercept_]).astype(float))
    return found


def keras(features: Features, labels: Classes, classes: int) -> list[NDArray[np.float64]]:
    """One penalty after the other: a dense layer by Adam, twenty epochs."""
    from imagelake.vision.tensorflow_import import import_tensorflow

    tensorflow = import_tensorflow()
    tensorflow.config.threading.set_intra_op_parallelism_threads(1)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    found = []
    for l2 in L2:
        tensorflow.keras.utils.set_random_seed(1)
        layer = tensorflow.keras.layers.Dense(classes, kernel_regularizer=tensorflow.keras.regularizers.L2(l2 / 2))
        model = tensorflow.keras.Sequential([tensorflow.keras.Input((features.shape[1],)), layer])
        loss = tensorflow.keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile("adam", loss)
        model.fit(features, labels, BATCH, EPOCHS, verbose=0)
        found.append(np.vstack([layer.kernel.numpy(), layer.bias.numpy()]).astype(float))
    return found


CONTESTANTS: dict[str, Callable[[Features, Classes, int], list[NDArray[np.float64]]]] = {
    "ours": ours,
    "scikit-learn": scikit_learn,
    "Keras": keras,
}


def objective(weights: NDArray[np.float64], features: Features, labels: Classes, l2: float) -> float:
    """Mean cross-entropy and penalty."""
    logits = features @ weights[:-1] + weights[-1]
    logits -= logits.max(axis=1, keepdims=True)
    losses = np.log(np.exp(logits).sum(axis=1)) - logits[np.arange(len(labels)), labels]
    return float(losses.mean() + l2 / 2 * (weights[:-1] ** 2).sum())


def work(name: str, images: int, features: int, classes: int) -> dict[str, Any]:
    """One contestant, in this process."""
    values, labels = made(images, features, classes)
    cut = int(images * (1 - HELD_OUT))
    before, wall = time.process_time(), time.perf_counter()
    heads = CONTESTANTS[name](values[:cut], labels[:cut], classes)
    seconds, wall = time.process_time() - before, time.perf_counter() - wall
    right = [float(((values[cut:] @ w[:-1] + w[-1]).argmax(1) == labels[cut:]).mean()) for w in heads]
    losses = [objective(w, values[:cut], labels[:cut], l2) for w, l2 in zip(heads, L2, strict=True)]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"core_s": seconds, "wall_s": wall, "peak_mib": peak, "losses": losses, "best_accuracy": max(right)}


def one_pass(images: int, features: int, classes: int) -> dict[str, Any]:
    """The cost of a pass of ours for 13 penalties, extrapolated to 1.28 million images on two cores."""
    from imagelake.training.head_loss import Block, sums_of

    values, labels = made(images, features, classes)
    block = Block(values, labels, np.ones(images, np.float32), np.zeros(images, np.int8))
    weights = np.zeros((features + 1, len(L2), classes), np.float32)
    sums_of([block], weights, np.full(len(L2), -1, np.int8))
    before = time.process_time()
    sums_of([block], weights, np.full(len(L2), -1, np.int8))
    seconds = (time.process_time() - before) / images
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"core_s_per_image": seconds, "imagenet_pass_s_two_cores": seconds * 1.28e6 / 2, "peak_mib": peak}


def run(options: argparse.Namespace) -> dict[str, Any]:
    """Every contestant in its process."""
    sizes = [str(options.images), str(options.features), str(options.classes)]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    found: dict[str, Any] = {}
    for name in ["pass"] if options.pass_only else options.only:
        say(f"training: {name}")
        command = [sys.executable, __file__, "--work", name, "--images", sizes[0], "--features", sizes[1]]
        done = subprocess.run(
            [*command, "--classes", sizes[2]], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode:
            sys.exit(f"{name} failed:\n{done.stderr[-3000:]}")
        found[name] = json.loads(done.stdout.splitlines()[-1])
    best = [min(one["losses"][k] for one in found.values()) for k in range(len(L2))] if not options.pass_only else []
    for one in found.values():
        if best:
            one["worst_gap"] = max(loss - least for loss, least in zip(one.pop("losses"), best, strict=True))
    described = f"{options.images:,} images of {options.features:,} features, {options.classes:,} classes"
    return {"machine": machine(), "made": described, "found": found}


def docs_lines(result: dict[str, Any]) -> list[str]:
    """The table in docs/benchmarks.md."""
    lines = [
        f"13 penalties on {result['made']}, a fifth of them held out; one core of {result['machine']}:",
        "",
        "| contestant | seconds of a core | peak, MiB | loss above the best found, worst penalty | best accuracy |",
        "|---|---|---|---|---|",
    ]
    for name, row in result["found"].items():
        cells = f"{row['core_s']:.1f} | {row['peak_mib']:,.0f} | {row['worst_gap']:.1e} | {row['best_accuracy']:.3f}"
        lines.append(f"| {name} | {cells} |")
    return lines


def parser() -> argparse.ArgumentParser:
    """The options."""
    made_parser = argparse.ArgumentParser(prog="scripts/bench training", description=__doc__)
    made_parser.add_argument("--images", type=int, default=20_000, help="made images; default %(default)s")
    made_parser.add_argument("--features", type=int, default=1_024, help="of each; default %(default)s")
    made_parser.add_argument("--classes", type=int, default=20, help="default %(default)s")
    made_parser.add_argument("--only", nargs="+", default=list(CONTESTANTS), choices=list(CONTESTANTS))
    made_parser.add_argument("--pass-only", action="store_true", help="the cost of a pass of ours instead")
    made_parser.add_argument("--tasks", action="store_true", help="small networks on one core and on two instead")
    made_parser.add_argument("--runs", type=int, default=network_tasks.RUNS, help="of --tasks; default %(default)s")
    made_parser.add_argument("--epochs", type=int, default=20, help="of a run of --tasks; default %(default)s")
    made_parser.add_argument(
        "--rounds", type=int, default=2, help="of --tasks: the fastest counts; default %(default)s"
    )
    made_parser.add_argument(
        "--write-scans", type=Path, metavar="FOLDER", help="write made images of three labels instead"
    )
    made_parser.add_argument("--work", help=argparse.SUPPRESS)
    made_parser.add_argument("--docs", action="store_true", help="write the table into docs/benchmarks.md")
    return made_parser


def main() -> int:
    """Run, keep and show."""
    options = parser().parse_args()
    sizes = (options.images, options.features, options.classes)
    if options.work and options.work.startswith(network_tasks.MARK):
        _, cores, file = options.work.split(":", 2)
        print(json.dumps(network_tasks.work(int(cores), Path(file), options)))
        return 0
    if options.work:
        print(json.dumps(one_pass(*sizes) if options.work == "pass" else work(options.work, *sizes)))
        return 0
    if options.write_scans:
        write_scans(options.write_scans, options.images)
        return 0
    if options.tasks:
        result = network_tasks.measure(options)
        keep("training_tasks", result)
        _show(network_tasks.docs_lines(result), "training-tasks" if options.docs else None)
        return 0
    result = run(options)
    keep("training_pass" if options.pass_only else "training", result)
    if options.pass_only:
        print(json.dumps(result, indent=2))
        return 0
    _show(docs_lines(result), "training" if options.docs else None)
    return 0


def _show(lines: list[str], block: str | None) -> None:
    print("\n".join(lines))
    if block:
        write_docs("training", lines, block)


if __name__ == "__main__":
    sys.exit(main())
