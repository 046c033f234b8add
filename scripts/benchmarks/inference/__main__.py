"""Images per second of MobileNet v1 1.0 224, from encoded photos to scores: ours, the limit, the alternatives.

Every contestant decodes the same photos and uses the same weights, on the same cores, in alternating rounds. Medians,
spread and ratios go to var/bench/inference.json, and with --readme into the README's table.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from environments import python_of
from results import BENCH, PROJECT, keep, machine, say, write_readme
from rich.console import Console
from rich.table import Table

HERE = Path(__file__).parent
OURS, INT8, LIMIT = "ours in Spark, float32", "ours in Spark, int8", "bare LiteRT loop, float32"
KERAS = "Spark, pandas UDF, Keras predict"
# Name -> environment, file and its arguments.
CONTESTANTS: dict[str, tuple[str, ...]] = {
    OURS: ("", "ours.py", "network.tflite"),
    INT8: ("", "ours.py", "network.int8.tflite"),
    LIMIT: ("", "bare_loop.py", "network.tflite"),
    "bare LiteRT loop, int8": ("", "bare_loop.py", "network.int8.tflite"),
    KERAS: ("", "spark_keras_predict.py"),
    "Spark, predict_batch_udf, tf.function": ("", "spark_predict_batch_udf.py"),
    "tf.data and tf.function, no Spark": ("", "tf_data.py"),
    "Daft, tf.function": ("daft", "daft_keras.py"),
    "Ray Data, tf.function": ("ray", "ray_keras.py"),
    "bare OpenVINO loop": ("engines", "other_engine.py", "openvino"),
    "bare ONNX Runtime loop": ("engines", "other_engine.py", "onnxruntime"),
}
FRAMEWORKS = [name for name in CONTESTANTS if "tf.function" in name]


@dataclass
class Contestant:
    """A running contestant and its results so far."""

    name: str
    process: subprocess.Popen[str]
    seconds: list[float] = field(default_factory=list)
    best: dict[str, int] = field(default_factory=dict)

    def go(self, count: bool) -> None:
        """One run over the photos."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        answer = heard(self)
        self.best = answer["best"]
        if count:
            self.seconds.append(answer["seconds"])


def heard(contestant: Contestant) -> Any:
    """The next answer of a contestant."""
    assert contestant.process.stdout is not None
    line = contestant.process.stdout.readline()
    if not line:
        log = BENCH / "inference" / f"{contestant.name}.log"
        raise SystemExit(f"{contestant.name} died:\n{log.read_text()[-3000:]}")
    return json.loads(line)


def main() -> int:
    """Run the contest."""
    options = parser().parse_args()
    folder = BENCH / "inference"
    folder.mkdir(parents=True, exist_ok=True)
    images = options.images or (192 if options.quick else 960)
    prepare(folder, options, images)
    begin_s = worker_start(folder, options.cores)
    chosen = options.only or list(CONTESTANTS)
    contestants = [started(name, folder, options.cores) for name in chosen]
    try:
        for turn in range(options.rounds + 1):
            for contestant in contestants:
                say(f"round {turn} of {options.rounds}: {contestant.name}" + ("" if turn else " (warming up)"))
                contestant.go(count=turn > 0)
    finally:
        for contestant in contestants:
            contestant.process.kill()
    result = report(contestants, images, options, begin_s)
    keep("inference", result)
    show(result)
    if options.readme:
        tell_readme(result)
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="scripts/bench inference", description=__doc__)
    made.add_argument("--photos", type=Path, help="a folder of photos; default: the drawn sample")
    made.add_argument("--weights", type=Path, help="MobileNet v1 1.0 224 for Keras; default: random ones")
    made.add_argument("--images", type=int, help="how many images a round; default 960, with --quick 192")
    made.add_argument("--rounds", type=int, default=3, help="counted rounds; default %(default)s")
    made.add_argument("--cores", default="0", help="as for taskset; default %(default)s")
    made.add_argument("--quick", action="store_true", help="fewer images; a Spark job's fixed second weighs more")
    made.add_argument("--only", nargs="+", choices=list(CONTESTANTS), metavar="NAME", help="these contestants alone")
    made.add_argument("--readme", action="store_true", help="write the table into README.md")
    return made


def prepare(folder: Path, options: argparse.Namespace, images: int) -> None:
    """The photos and networks of the contest."""
    say("preparing photos and networks")
    photos = options.photos
    if photos is None:
        photos = folder / "drawn"
        draw = "import sys, pathlib, imagelake.samples as s; s.write_sample_lake(pathlib.Path(sys.argv[1]), 400, 7)"
        if not photos.exists():
            subprocess.run([sys.executable, "-c", draw, photos], check=True)
    weights = ["--weights", str(options.weights)] if options.weights else []
    command = [sys.executable, HERE / "prepare.py", folder, "--photos", photos, "--images", str(images), *weights]
    subprocess.run(command, check=True)
    if not options.only or any("ONNX" in name or "OpenVINO" in name for name in options.only):
        convert = [python_of("engines", BENCH), "-m", "tf2onnx.convert", "--saved-model", folder / "saved_model"]
        done = subprocess.run(
            [*convert, "--output", folder / "network.onnx"], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise SystemExit(f"tf2onnx failed:\n{done.stderr[-2000:]}")


def worker_start(folder: Path, cores: str) -> dict:  # type: ignore[type-arg]
    """What a Python worker of ours costs before it is of use: the median of three."""
    command = ["taskset", "-c", cores, sys.executable, HERE / "worker_start.py"]
    run = partial(subprocess.run, command, env=surroundings(folder), capture_output=True, text=True, check=True)
    runs = [json.loads(run().stdout) for _ in range(3)]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


def surroundings(folder: Path) -> dict[str, str]:
    """The environment of a contestant and of the workers that it starts, which import its module."""
    return {**os.environ, "CONTEST_FOLDER": str(folder), "PYTHONPATH": f"{HERE}{os.pathsep}{PROJECT / 'lib'}"}


def started(name: str, folder: Path, cores: str) -> Contestant:
    """A contestant that is ready."""
    environment, file, *arguments = CONTESTANTS[name]
    python = python_of(environment, BENCH) if environment else Path(sys.executable)
    command = ["taskset", "-c", cores, python, HERE / file, *arguments]
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            command, env=surroundings(folder), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log, text=True
        )
    contestant = Contestant(name, process)
    say(f"starting {name}")
    heard(contestant)
    return contestant


def report(contestants: list[Contestant], images: int, options: argparse.Namespace, begin: dict) -> dict:  # type: ignore[type-arg]
    """Medians, spread, agreement with the limit, and the ratios of each round."""
    by_name = {contestant.name: contestant for contestant in contestants}
    reference = (by_name.get(LIMIT) or contestants[0]).best
    rows = {
        name: {
            "images_per_s": round(images / statistics.median(one.seconds), 1),
            "slowest": round(images / max(one.seconds), 1),
            "fastest": round(images / min(one.seconds), 1),
            "same_top1": round(sum(reference[key] == best for key, best in one.best.items()) / images, 4),
            "seconds": [round(second, 3) for second in one.seconds],
        }
        for name, one in by_name.items()
    }
    return {
        "machine": machine(),
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": options.cores,
        "images": images,
        "rounds": options.rounds,
        "contestants": rows,
        "ratios": ratios(by_name),
        "worker": begin,
    }


def ratios(by_name: dict[str, Contestant]) -> dict[str, float]:
    """How many times as fast: the median of the rounds' own ratios."""

    def times(name: str, other: str) -> float:
        pairs = zip(by_name[other].seconds, by_name[name].seconds, strict=True)
        return round(statistics.median(theirs / mine for theirs, mine in pairs), 3)

    found = {}
    if {OURS, LIMIT} <= by_name.keys():
        found["ours to the bare loop"] = times(OURS, LIMIT)
    if {OURS, INT8} <= by_name.keys():
        found["ours int8 to ours float32"] = times(INT8, OURS)
    if {OURS, KERAS} <= by_name.keys():
        found["ours to Spark with Keras predict"] = times(OURS, KERAS)
    rivals = [name for name in FRAMEWORKS if name in by_name]
    if OURS in by_name and rivals:
        found["ours to the best other framework"] = min(times(OURS, rival) for rival in rivals)
    return found


def show(result: dict) -> None:  # type: ignore[type-arg]
    """The table, for people."""
    table = Table(title=f"MobileNet v1 1.0 224, images/s on core {result['cores']} of {result['machine']}")
    for column in ("", "images/s", "slowest to fastest", "same top-1"):
        table.add_column(column, justify="left" if not column else "right")
    for name, row in result["contestants"].items():
        spread = f"{row['slowest']} to {row['fastest']}"
        table.add_row(name, str(row["images_per_s"]), spread, f"{row['same_top1']:.1%}")
    console = Console(width=110)
    console.print(table)
    for name, ratio in result["ratios"].items():
        console.print(f"  {name}: {ratio:.2f}")
    worker = result["worker"]
    console.print(f"  a worker's first 32 photos: {worker['first_batch_s']:.2f} s, peak {worker['peak_mb']:.0f} MiB")


def tell_readme(result: dict) -> None:  # type: ignore[type-arg]
    """The README's table, between its marks."""
    lines = [
        f"On core {result['cores']} of {result['machine']}, {result['images']:,} photos, median of {result['rounds']} "
        "alternating rounds, from encoded photo to scores:",
        "",
        "| | images/s | slowest to fastest | same top-1 as the bare loop |",
        "|---|---|---|---|",
    ]
    for name, row in result["contestants"].items():
        lines.append(
            f"| {name} | {row['images_per_s']} | {row['slowest']} to {row['fastest']} | {row['same_top1']:.1%} |"
        )
    worker = result["worker"]
    ratio = "; ".join(f"{name} {value:.2f}" for name, value in result["ratios"].items())
    lines += [
        "",
        f"Ratios: {ratio}. A Python worker has its first 32 photos after {worker['first_batch_s']:.2f} s, and ",
    ]
    lines[-1] += f"takes {worker['peak_mb']:.0f} MiB at its peak."
    write_readme("inference", lines)


if __name__ == "__main__":
    sys.exit(main())
