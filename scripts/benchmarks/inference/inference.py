"""Images per second of MobileNet v1 1.0 224, from encoded photos to scores: ours, the limit, the alternatives.

Every contestant decodes the same photos and uses the same weights, on the same cores, in alternating rounds. Medians,
spread and ratios go to var/bench/inference.json, and with --docs into docs/benchmarks.md. With --scaling it measures
instead whether an image costs the same whatever the number of images and cores.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path

import findings
import scaling
from contestants import (
    CONTESTANTS,
    FOLDER,
    HERE,
    ROW_GROUP,
    Contestant,
    photos_file,
    photos_of,
    started,
    surroundings,
)
from environments import python_of
from results import BENCH, keep, say, write_docs

IMAGES = 1280
ROUNDS, QUICK_ROUNDS = 3, 1


def main() -> int:
    """Run the contest, or the measurement of the scaling."""
    options = parser().parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    return measure_scaling(options) if options.scaling else run_contest(options)


def run_contest(options: argparse.Namespace) -> int:
    """Measure all contestants, round by round."""
    options.rounds = options.rounds or (QUICK_ROUNDS if options.quick else ROUNDS)
    chosen = options.only or [name for name, entry in CONTESTANTS.items() if entry.quick or not options.quick]
    prepare(options, {ROW_GROUP, *(photos_of(name, options.images) for name in chosen)})
    if any(CONTESTANTS[name].environment == "engines" for name in chosen):
        convert_to_onnx()
    worker = worker_cost(options.cores, options.rounds)
    together = [name for name in chosen if not CONTESTANTS[name].alone]
    groups = [together, *([name] for name in chosen if name not in together)]
    contestants = [contestant for group in groups for contestant in contest(group, options)]
    result = findings.report(contestants, options, worker)
    keep("inference", result)
    findings.show(result)
    if options.docs:
        write_docs("inference", findings.docs_lines(result))
    return 0


def contest(names: list[str], options: argparse.Namespace) -> list[Contestant]:
    """Alternating rounds of contestants, whose processes end afterwards."""
    contestants = []
    try:
        for contestant in started(names, options.images, options.cores):
            contestants.append(contestant)
            say(f"warming up {contestant.name}")
            contestant.warm_up()
        for turn in range(options.rounds):
            for contestant in contestants:
                say(f"round {turn + 1} of {options.rounds}: {contestant.name}")
                contestant.go()
    finally:
        for contestant in contestants:
            contestant.process.kill()
    return contestants


def measure_scaling(options: argparse.Namespace) -> int:
    """Measure ours alone, over growing numbers of photos."""
    prepare(options, {options.sizes[0]})
    result = scaling.measure(options.sizes, options.network, say)
    keep("scaling", result)
    lines = scaling.docs_lines(result)
    print("\n".join(lines))
    if options.docs:
        write_docs("inference", lines, block="scaling")
    return 0


def parser() -> argparse.ArgumentParser:
    """The options."""
    made = argparse.ArgumentParser(prog="scripts/bench inference", description=__doc__)
    made.add_argument("--photos", type=Path, help="a folder of photos; default: the drawn sample")
    made.add_argument("--weights", type=Path, help="MobileNet v1 1.0 224 for Keras; default: random ones")
    images = "photos of ours a round, others in proportion to their speed; default %(default)s"
    made.add_argument("--images", type=int, default=IMAGES, help=images)
    made.add_argument("--rounds", type=int, help=f"counted rounds; default {ROUNDS}, with --quick {QUICK_ROUNDS}")
    made.add_argument("--cores", default="0", help="as for taskset; default %(default)s")
    made.add_argument(
        "--quick", action="store_true", help="the same ratios in three minutes: fewer contestants, one round"
    )
    made.add_argument("--only", nargs="+", choices=list(CONTESTANTS), metavar="NAME", help="these contestants alone")
    made.add_argument("--scaling", action="store_true", help="measure ours on 1 and 2 cores, over ever more photos")
    made.add_argument(
        "--sizes", type=int, nargs="+", default=scaling.SIZES, help="multiples of the first; default %(default)s"
    )
    made.add_argument("--network", choices=scaling.NETWORKS, default="float32", help="of the scaling")
    made.add_argument("--docs", action="store_true", help="write the table into docs/benchmarks.md")
    return made


def prepare(options: argparse.Namespace, counts: set[int]) -> None:
    """The photos and networks of the contest."""
    say("preparing photos and networks")
    photos = options.photos
    if photos is None:
        photos = FOLDER / "drawn"
        draw = "import sys, pathlib, imagelake.samples as s; s.write_sample_lake(pathlib.Path(sys.argv[1]), 400, 7)"
        if not photos.exists():
            subprocess.run([sys.executable, "-c", draw, photos], check=True)
    weights = ["--weights", options.weights] if options.weights else []
    images = ["--images", *map(str, sorted(counts))]
    subprocess.run([sys.executable, HERE / "prepare.py", FOLDER, "--photos", photos, *images, *weights], check=True)


def convert_to_onnx() -> None:
    """The network for the engines that read ONNX."""
    convert = [str(python_of("engines", BENCH)), "-m", "tf2onnx.convert", "--saved-model", str(FOLDER / "saved_model")]
    done = subprocess.run([*convert, "--output", FOLDER / "network.onnx"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"tf2onnx failed:\n{done.stderr[-2000:]}")


def worker_cost(cores: str, times: int) -> dict[str, float]:
    """The start-up time, memory and texture time of a Python worker of ours: medians of several."""
    command = ["taskset", "-c", cores, sys.executable, HERE / "worker.py", photos_file(ROW_GROUP)]
    run = partial(subprocess.run, command, env=surroundings(), capture_output=True, text=True, check=True)
    runs = [json.loads(run().stdout) for _ in range(times)]
    return {key: statistics.median(run[key] for run in runs) for key in runs[0]}


if __name__ == "__main__":
    sys.exit(main())
