"""The table of contestants, and their processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import psutil
from environments import python_of
from results import BENCH, PROJECT

HERE = Path(__file__).parent
FOLDER = BENCH / "inference"
ROW_GROUP = 64
WARM_UPS = 2


class Entry(NamedTuple):
    """How a contestant is started.

    Attributes:
        environment: where its libraries are; empty for the project's own.
        file: its program. Contestants of one program share a process.
        argument: what that program is told with each order: a network, or a library.
        part: of the photos; slow ones get fewer, so that rounds take similar times.
        quick: whether the quick contest has it: those of its ratios, and the fastest other framework.
        alone: it runs after the others have ended, because its processes use CPU even when idle.
    """

    environment: str
    file: str
    argument: str
    part: float
    quick: bool = False
    alone: bool = False


OURS, INT8, LIMIT = "ours in Spark, float32", "ours in Spark, int8", "bare LiteRT loop, float32"
KERAS = "Spark, pandas UDF, Keras predict"
CONTESTANTS = {
    OURS: Entry("", "our_predictions.py", "network.tflite", 1, quick=True),
    INT8: Entry("", "our_predictions.py", "network.int8.tflite", 1.5, quick=True),
    LIMIT: Entry("", "bare_loop.py", "network.tflite", 1, quick=True),
    "bare LiteRT loop, int8": Entry("", "bare_loop.py", "network.int8.tflite", 0.5),
    KERAS: Entry("", "spark_keras_predict.py", "", 0.25, quick=True),
    "Spark, predict_batch_udf, tf.function": Entry("", "spark_predict_batch_udf.py", "", 0.2),
    "tf.data and tf.function, no Spark": Entry("", "tf_data.py", "", 0.2, quick=True),
    "Daft, tf.function": Entry("daft", "daft_keras.py", "", 0.2),
    "Ray Data, tf.function": Entry("ray", "ray_keras.py", "", 0.2, alone=True),
    "bare OpenVINO loop": Entry("engines", "other_engine.py", "openvino", 0.3),
    "bare ONNX Runtime loop": Entry("engines", "other_engine.py", "onnxruntime", 0.2),
}
FRAMEWORKS = [name for name in CONTESTANTS if "tf.function" in name]


def photos_of(name: str, images: int) -> int:
    """How many photos a contestant runs over where the one with part 1 has `images`: whole row groups."""
    return max(1, round(CONTESTANTS[name].part * images / ROW_GROUP)) * ROW_GROUP


def photos_file(images: int) -> Path:
    """The file of so many photos."""
    return FOLDER / f"photos-{images}.parquet"


@dataclass
class Contestant:
    """A running contestant and its results so far.

    Attributes:
        name: its key in `CONTESTANTS`.
        photos: how many it runs over.
        process: where it runs, a child of this one, perhaps shared.
        argument: of its orders.
        seconds: of each counted round.
        busy: of each counted round the share of the time that the cores worked for it, all its processes together.
        best: the best class of each photo, by its identifier.
    """

    name: str
    photos: int
    process: subprocess.Popen[str]
    argument: str
    seconds: list[float] = field(default_factory=list)
    busy: list[float] = field(default_factory=list)
    best: dict[str, int] = field(default_factory=dict)

    @property
    def speeds(self) -> list[float]:
        """Images per second of each counted round."""
        return [self.photos / second for second in self.seconds]

    def warm_up(self) -> None:
        """Uncounted runs over few photos, for just-in-time compilers."""
        for _ in range(WARM_UPS):
            self._run(ROW_GROUP)

    def go(self) -> None:
        """One run over its photos, after a short uncounted one: Spark ends workers that were idle for a minute."""
        self._run(ROW_GROUP)
        began, before_s = time.perf_counter(), cpu_seconds(self.process.pid)
        answer = self._run(self.photos)
        self.busy.append((cpu_seconds(self.process.pid) - before_s) / (time.perf_counter() - began))
        self.seconds.append(answer["seconds"])
        self.best = answer["best"]

    def _run(self, photos: int) -> Any:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps([str(photos_file(photos)), self.argument]) + "\n")
        self.process.stdin.flush()
        return heard(self.process, self.name)


def heard(process: subprocess.Popen[str], name: str) -> Any:
    """The next line of a process; an error if it has ended."""
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        raise SystemExit(f"{name} died:\n{log_of(CONTESTANTS[name].file).read_text()[-3000:]}")
    return json.loads(line)


def log_of(file: str) -> Path:
    """The log file of a program."""
    return FOLDER / f"{file}.log"


def cpu_seconds(pid: int) -> float:
    """CPU seconds of a process and its descendants, ended ones included."""
    root = psutil.Process(pid)
    times = [process.cpu_times() for process in (root, *root.children(recursive=True))]
    return sum(time.user + time.system + time.children_user + time.children_system for time in times)


def surroundings() -> dict[str, str]:
    """The environment of a contestant and of the workers that it starts, which import its module."""
    path = f"{HERE}{os.pathsep}{PROJECT / 'lib'}"
    return {**os.environ, "CONTEST_FOLDER": str(FOLDER), "PYTHONPATH": path}


def started(names: list[str], images: int, cores: str) -> Iterator[Contestant]:
    """Contestants one by one as they are ready, on cores as for taskset."""
    processes: dict[str, subprocess.Popen[str]] = {}
    for name in names:
        entry = CONTESTANTS[name]
        if entry.file not in processes:
            processes[entry.file] = _process(entry, cores)
            heard(processes[entry.file], name)
        yield Contestant(name, photos_of(name, images), processes[entry.file], entry.argument)


def _process(entry: Entry, cores: str) -> subprocess.Popen[str]:
    python = python_of(entry.environment, BENCH) if entry.environment else Path(sys.executable)
    with log_of(entry.file).open("w") as log:
        return subprocess.Popen(
            ["taskset", "-c", cores, python, HERE / entry.file],
            env=surroundings(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
