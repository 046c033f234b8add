"""What a second run of the whole pipeline costs when 1 % of the images are new, and when 1 % are gone.

scripts/bench rerun --docs
scripts/bench rerun --images 2000 --new 20

Draws small images, runs the pipeline on them, adds some and runs it again, deletes some and runs it again. Headers,
decodes and forward passes are counted in every Python process of a run, whichever job it works for (counting/). In the
end the tables that hold a row an image must be those of a fresh lake of the same images.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq  # type: ignore[import-untyped]
from PIL import Image
from results import BENCH, PROJECT, keep, machine, say, write_docs

from imagelake.installation import PACKAGE, SAMPLE_WEIGHTS
from imagelake.runtime.pipeline_options import pipeline_parser, pipeline_settings

FOLDERS = ("Lion", "Tiger", "Leopard", "Zebra", "Giraffe", "Elephant", "Eagle", "Owl", "Parrot", "Penguin")
SIDES = (1024, 768)  # as most of Open Images
COUNTS = ("headers", "decodes", "passes")
FOLDER = BENCH / "rerun"
SOURCE, LAKE, FRESH, COUNTED = (FOLDER / name for name in ("source", "lake", "fresh", "counts"))
COMPARED = ("images", "image_bytes", "predictions")
WRITERS = ("ingest_images", "convert_model", "predict_images")


@dataclass(frozen=True)
class Run:
    """One run of the pipeline.

    Attributes:
        name: what it was about.
        images: in the lake at its end.
        seconds: of the clock.
        jobs: seconds of each job that had something to do.
        headers: images of which the header was read.
        decodes: images decoded, thumbnails and queries included.
        passes: images that went through the network, queries included.
    """

    name: str
    images: int
    seconds: float
    jobs: dict[str, float]
    headers: int
    decodes: int
    passes: int


def main() -> None:
    """Measure, compare, print, and with --docs write the result down."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--new", type=int, default=200, help="images added, and later deleted")
    parser.add_argument("--weights", type=Path, default=PACKAGE / SAMPLE_WEIGHTS, help="default: those of drawn images")
    parser.add_argument("--go-on", action="store_true", help="after the last run that an interrupted call has measured")
    parser.add_argument("--docs", action="store_true", help="write the result into docs/benchmarks.md")
    options = parser.parse_args()
    if not options.go_on:
        shutil.rmtree(FOLDER, ignore_errors=True)
        keep("rerun", {"machine": machine(), "runs": []})
    runs = measure(options.images, options.new, options.weights)
    compare(options.weights)
    shutil.rmtree(FOLDER)
    lines = table(runs, options.weights)
    print("\n".join(lines))
    if options.docs:
        write_docs("rerun", lines)


def measure(images: int, new: int, weights: Path) -> list[Run]:
    """The three runs; those that were measured before are not repeated."""
    runs = [Run(**one) for one in json.loads((BENCH / "rerun.json").read_text())["runs"]]
    for name, numbers in {
        "the first run": range(images),
        f"{new:,} images added": range(images + new),
        f"{new:,} images deleted": range(new, images + new),
    }.items():
        if name not in {run.name for run in runs}:
            draw(numbers)
            runs.append(run_pipeline(name, weights))
            keep("rerun", {"machine": machine(), "runs": [asdict(run) for run in runs]})
    return runs


def file_of(number: int) -> Path:
    """The file of an image, in a folder of its class."""
    return SOURCE / FOLDERS[number % len(FOLDERS)] / f"{number:06d}.jpg"


def draw(numbers: range) -> None:
    """Make the source hold these images: smooth random colours with some grain, JPEGs, all different."""
    files = {file_of(number): number for number in numbers}
    present = set(SOURCE.rglob("*.jpg"))
    for file in present - files.keys():
        file.unlink()
    with ProcessPoolExecutor() as processes:
        for _ in processes.map(draw_one, [files[file] for file in files.keys() - present], chunksize=100):
            pass


def draw_one(number: int) -> None:
    """Draw an image into its file."""
    random = np.random.default_rng(number)
    coarse = Image.fromarray(random.integers(0, 256, (6, 8, 3), np.uint8))
    smooth = np.asarray(coarse.resize(SIDES, Image.Resampling.BICUBIC), np.int16)
    grain = random.integers(-8, 9, (SIDES[1], SIDES[0], 1), np.int8)
    file = file_of(number)
    file.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.clip(smooth + grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=80)


def run_pipeline(name: str, weights: Path) -> Run:
    """Run the pipeline once, its processes counted."""
    shutil.rmtree(COUNTED, ignore_errors=True)
    COUNTED.mkdir()
    began = time.monotonic()
    summary = submit("run_pipeline", options_of(LAKE, weights), {"IMAGELAKE_COUNTS": str(COUNTED)})
    seconds = time.monotonic() - began
    sizes = {kind: (COUNTED / kind).stat().st_size if (COUNTED / kind).exists() else 0 for kind in COUNTS}
    images = sum(1 for _ in SOURCE.rglob("*.jpg"))
    found = Run(name, images, round(seconds, 1), seconds_of_jobs(summary), **sizes)
    say(f"{found}")
    return found


def options_of(lake: Path, weights: Path) -> list[str]:
    """The options of the pipeline."""
    return ["--root", str(lake), "--images", str(SOURCE), "--weights", str(weights)]


def submit(job: str, options: Sequence[str], variables: Mapping[str, str]) -> str:
    """Run a job as scripts/submit does, its Python processes with what counts on their path; its summary."""
    paths = [str(Path(__file__).parent / "counting"), str(PROJECT / "lib"), os.environ.get("PYTHONPATH", "")]
    done: subprocess.CompletedProcess[str] = subprocess.run(
        [sys.executable, "-m", "imagelake.cli", "submit", job, *options],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **variables},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        sys.exit(f"{job} ended with code {done.returncode}\n{done.stdout}")
    return done.stdout


def seconds_of_jobs(summary: str) -> dict[str, float]:
    """The seconds that the summaries of the jobs name; a job that was skipped has none."""
    lines = [line.split(": done in ") for line in summary.splitlines() if ": done in " in line]
    return {job: float(rest.split(" s")[0]) for job, rest in lines}


def compare(weights: Path) -> None:
    """End the program unless the tables have the same rows as in a fresh lake."""
    say("a fresh lake of the same images")
    settings = pipeline_settings(pipeline_parser("", "").parse_args(options_of(FRESH, weights)))
    for job in WRITERS:
        submit(job, ["--root", str(FRESH), *(f"--set={setting}" for setting in settings)], {})
    for name in COMPARED:
        ours, full = (pq.read_table(lake / name).sort_by("image_id") for lake in (LAKE, FRESH))
        if not ours.equals(full):
            differing = [column for column in full.column_names if not ours[column].equals(full[column])]
            sys.exit(f"{name}: {ours.num_rows:,} and {full.num_rows:,} rows, which differ in {', '.join(differing)}")
        say(f"{name}: the same {ours.num_rows:,} rows")


def table(runs: list[Run], weights: Path) -> list[str]:
    """The result as Markdown."""
    first = runs[0]
    heads = ("", "images", "s", "of the first", "headers read", "decoded", "through the network")
    rows = [
        (
            run.name,
            f"{run.images:,}",
            f"{run.seconds:.0f}",
            f"{run.seconds / first.seconds:.0%}",
            f"{run.headers:,}",
            f"{run.decodes:,}",
            f"{run.passes:,}",
        )
        for run in runs
    ]
    return [
        f"The whole pipeline on {machine()}, {SIDES[0]} x {SIDES[1]} pixels, {weights.name}:",
        "",
        *(f"| {' | '.join(cells)} |" for cells in (heads, ("---",) * len(heads), *rows)),
        "",
        f"The tables {', '.join(COMPARED)} have the same rows as in a fresh lake of the same images.",
    ]


if __name__ == "__main__":
    main()
